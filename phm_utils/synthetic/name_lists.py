"""Words of which the simulated people's names are made. Surnames of British shape are put together from halves."""

_TEXT = """
[men]
Adam Alan Albert Alexander Andrew Anthony Arthur Barry Benjamin Brian Callum Charles Christopher Colin Connor Craig
Daniel David Dennis Derek Donald Douglas Dylan Edward Eric Ethan Francis Frank Frederick Gary George Gerald Graham
Harold Harry Henry Howard Hugh Ian Jack Jacob James Jason Jeremy John Jonathan Joseph Joshua Keith Kenneth Kevin
Kyle Lawrence Leo Leonard Lewis Liam Luke Malcolm Mark Martin Matthew Michael Nathan Neil Nicholas Nigel Noah Norman
Oliver Oscar Patrick Paul Peter Philip Ralph Raymond Reginald Richard Robert Roger Ronald Roy Russell Ryan Samuel
Scott Sean Simon Stanley Stephen Stuart Terence Theodore Thomas Timothy Trevor Victor Vincent Walter William
[women]
Abigail Alice Alison Amanda Amelia Amy Andrea Angela Ann Anna Audrey Barbara Beatrice Beryl Beth Brenda Carol
Caroline Catherine Charlotte Chloe Christine Claire Daisy Dawn Deborah Denise Diana Donna Doris Dorothy Edith Eileen
Eleanor Elizabeth Ella Ellen Emily Emma Ethel Eva Evelyn Fiona Florence Frances Freya Gillian Gladys Grace Hannah
Harriet Hazel Heather Helen Holly Irene Isabel Isla Jacqueline Jane Janet Jean Jennifer Jessica Joan Joanne Joyce
Judith Julia Julie Karen Kate Kathleen Laura Lauren Leah Lily Linda Lisa Louise Lucy Margaret Maria Marion Marjorie
Mary Maureen Megan Mia Michelle Molly Nancy Natalie Nicola Olive Olivia Pamela Patricia Paula Pauline Phyllis Poppy
Rachel Rebecca Rose Rosemary Ruby Ruth Samantha Sandra Sarah Sharon Sheila Shirley Sophie Stella Susan Sylvia Teresa
Tracey Valerie Vera Veronica Victoria Violet Wendy Winifred Yvonne Zoe
[men, Asian]
Aarav Abdul Adeel Ahmed Ali Amir Arjun Arun Asif Bilal Deepak Faisal Farhan Gurpreet Hamza Harjit Hassan Ibrahim
Imran Jasdeep Kamal Karan Khalid Manish Mohammed Nadeem Naveed Omar Rahul Rajesh Ravi Rohan Sanjay Sunil Tariq Usman
Vikram Yusuf Zain Zubair
[women, Asian]
Aisha Amina Amrit Anita Anjali Asma Ayesha Bushra Deepa Farah Fatima Gita Hafsa Harpreet Iqra Jaspreet Kavita
Khadija Kiran Lakshmi Maryam Meena Nadia Nasreen Neha Parveen Pooja Priya Rabia Rukhsana Saima Sana Sangeeta Shazia
Simran Sunita Tahira Uzma Yasmin Zainab
[men, Black]
Abdi Ade Akin Amadou Ayo Babatunde Chidi Chukwu Dwayne Emeka Femi Ike Jermaine Kofi Kojo Kwame Kwesi Leroy Marlon
Musa Obi Olu Segun Tendai Tunde Winston Yaw Yemi
[women, Black]
Abena Adaeze Adwoa Akosua Ama Amara Aminata Ayesha Blessing Chantelle Chioma Efua Esi Esther Folake Fatou Gloria Ife
Kemi Mercy Ngozi Nia Ola Precious Rutendo Shanice Temi Yaa
[surnames, Asian]
Ahmed Akhtar Ali Anwar Aziz Bashir Begum Bhatti Bi Chaudhry Das Desai Dhillon Gill Gupta Hussain Iqbal Islam Jain
Kapoor Kaur Khan Khatun Kumar Mahmood Malik Mehta Miah Mistry Nair Patel Qureshi Rahman Rao Rashid Reddy Saeed Shah
Sharma Sheikh Siddiqui Sidhu Singh Sohal Uddin Verma
[surnames, Black]
Abdi Acheampong Adebayo Adeyemi Agyeman Amoah Appiah Asante Boateng Campbell Chukwu Diallo Eze Francis Grant Kamara
Lawal Mensah Moyo Mwangi Ndlovu Nwosu Obi Ofori Ojo Okafor Okoro Osei Owusu Sesay Traore
[first half of a surname]
Ash Beck Birk Black Bourne Brad Brom Brook Burn Cald Carl Chad Clay Cole Cran Dal Dun East Elm Fair Farn Feld Fern
Gold Green Grim Had Hal Ham Hart Haw Hazel Heath Hey Hol Hurst Kel Kirk Lang Lind Long Lud Marl May Mel Mid Nor Oak
Old Ox Pem Pen Rad Red Ridge Rom Row Rush Sed Shel Sher Skel Stain Stan Stock Strat Sut Thorn Thur Wake Wal Wat Wed
Wel West Whit Wil Win Wood Yar
[second half of a surname]
bank beck borough bourne bridge brook burn bury by cliffe combe cote croft dale den don field ford gate grove hall
ham hill holme house hurst land lands leigh ley lock low man mere more ridge shaw sley smith stead stone ton wall
ward well wick wood worth yard
"""


def read_blocks(text: str) -> dict[str, tuple[str, ...]]:
    """The words under each title in square brackets."""
    blocks = (block.split("]", 1) for block in text.split("[")[1:])
    return {title: tuple(words.split()) for title, words in blocks}


WORDS = read_blocks(_TEXT)
FORENAMES = tuple(WORDS[f"{sex}{origin}"] for origin in ("", ", Asian", ", Black") for sex in ("men", "women"))
SURNAMES = (
    tuple(f + s for f in WORDS["first half of a surname"] for s in WORDS["second half of a surname"]),
    WORDS["surnames, Asian"],
    WORDS["surnames, Black"],
)
