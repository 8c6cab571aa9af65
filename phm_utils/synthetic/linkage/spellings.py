"""How one name comes to be written in several ways: slips of the finger, by ear, short forms, other alphabets.

Every function takes a name and `luck`, a random whole number from 0 to 2**32,
and returns another spelling; or the same, where that fault cannot befall it.
"""

import unicodedata

_KEYS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")
_BY_EAR = (
    ("ph", "f"), ("ie", "ei"), ("ei", "ie"), ("ck", "k"), ("y", "i"), ("i", "y"), ("ey", "y"), ("c", "k"), ("k", "c"),
    ("ll", "l"), ("l", "ll"), ("nn", "n"), ("n", "nn"), ("tt", "t"), ("t", "tt"), ("ss", "s"), ("s", "ss"),
    ("rr", "r"), ("th", "t"), ("ou", "u"), ("oo", "u"), ("ea", "ee"), ("ee", "ea"), ("gh", "g"), ("ae", "a"),
    ("er", "ar"), ("or", "er"), ("on", "en"), ("an", "on"), ("z", "s"), ("v", "w"), ("j", "g"), ("a", "e"), ("u", "o"),
)  # fmt: skip
_SHORT_FORMS = """
Abigail Abi Abbie Gail; Adam Ad; Alan Al; Albert Bert Al; Alexander Alex Alec Sandy; Alexandra Alex Sandra Lexi; Alfred
Alf Fred; Alison Ali; Amanda Mandy; Amelia Millie; Andrew Andy Drew; Angela Angie; Annabel Bella; Anthony Tony Ant;
Antonio Toni; Archibald Archie; Arthur Art; Barbara Barb Babs; Beatrice Bea Trixie; Benjamin Ben Benny; Bernadette
Bernie; Bernard Bernie; Beverley Bev; Bradley Brad; Cameron Cam; Caroline Carol Caz Carrie; Carolyn Carol; Catherine
Cath Cathy Kate Katie; Cecilia Cissie; Charles Charlie Chas; Charlotte Lottie Charlie; Christina Chris Tina; Christine
Chris Chrissie; Christopher Chris Kit; Clifford Cliff; Constance Connie; Cynthia Cindy; Daniel Dan Danny; Danielle
Dani; David Dave Davey; Deborah Deb Debbie; Delroy Del; Derek Del; Diana Di; Dominic Dom; Donald Don; Dorothy Dot
Dolly; Douglas Doug; Duncan Dunc; Edith Edie; Edmund Ed Ted; Edward Ed Eddie Ted; Eleanor Ellie Nell Nora; Elizabeth
Liz Lizzie Beth Betty Libby Eliza; Ellen Nell; Emily Em Emmy; Emmanuel Manny; Eric Rick; Esther Essie; Eugene Gene;
Evelyn Eve Evie; Felicity Fliss; Florence Flo Florrie; Frances Fran; Francesca Fran Chessie; Francis Frank; Frederick
Fred Freddie; Gabriel Gabe; Gareth Gaz; Geoffrey Geoff; George Georgie; Georgina Georgie Gina; Gerald Gerry; Geraldine
Gerry; Gillian Gill Jill; Godfrey Goff; Gregory Greg; Gwendoline Gwen; Hannah Han; Harold Harry Hal; Harriet Hattie;
Henry Harry Hal; Herbert Bert; Howard Howie; Imogen Immy; Isaac Ike Zac; Isabel Izzy Bella; Jacob Jake; Jacqueline
Jackie Jacqui; James Jim Jimmy Jamie; Janet Jan; Jasmine Jaz; Jason Jay; Jean Jeanie; Jeffrey Jeff; Jennifer Jen Jenny;
Jeremy Jem Jez; Jessica Jess Jessie; Joan Joanie; Joanna Jo; Joanne Jo; John Johnny Jack Jon; Jonathan Jon Jonny;
Joseph Joe Joey; Josephine Jo Josie; Joshua Josh; Judith Judy; Julian Jules; Julia Jules; Julie Jules; Justin Jus;
Katherine Kath Kathy Kate Katie Kitty; Kathleen Kath Kathy; Kathryn Kath Kathy Kate; Kenneth Ken Kenny; Kimberly Kim;
Laura Laurie; Lauren Loz; Laurence Larry Laurie; Lawrence Larry Laurie; Leonard Len Lenny; Leslie Les; Lewis Lew;
Louise Lou; Lucy Lu; Lydia Liddy; Malcolm Mal; Margaret Maggie Meg Peggy Marge Greta; Maria Ria; Marcus Marc; Martha
Mattie; Martin Marty; Mary Molly May; Matilda Tilly; Matthew Matt Matty; Maureen Mo; Maurice Mo; Maxwell Max; Megan
Meg; Michael Mike Mick Mickey; Michelle Shell Chelle; Mildred Millie; Millicent Millie; Miriam Mim; Mitchell Mitch;
Mohammed Mo; Nancy Nan; Natalie Nat; Natasha Tasha; Nathan Nate; Nathaniel Nat Nathan; Nicholas Nick Nicky; Nicola
Nicky Nic; Nigel Nige; Norman Norm; Oliver Olly Ollie; Olivia Liv Livvy; Oscar Ossie; Pamela Pam; Patricia Pat Trish
Tricia Patsy; Patrick Pat Paddy; Pauline Paula; Penelope Penny; Percival Percy; Peter Pete; Philip Phil; Phyllis Phyl;
Rachel Rach; Ralph Ralphie; Raymond Ray; Rebecca Becky Becca Bex; Reginald Reg; Richard Rich Rick Dick Richie; Robert
Rob Bob Bobby Bert Robbie; Roderick Rod; Rodney Rod; Roger Rodge; Ronald Ron Ronnie; Rosemary Rose Rosie; Rupert Rupe;
Russell Russ; Samantha Sam Sammy; Samuel Sam Sammy; Sandra Sandy; Sarah Sally Sal; Sebastian Seb; Sharon Shaz; Shirley
Shirl; Sidney Sid; Simon Si; Solomon Sol; Sophie Soph; Stanley Stan; Stella Stel; Stephanie Steph; Stephen Steve
Stevie; Steven Steve; Stewart Stew; Stuart Stu; Susan Sue Susie; Susannah Sue; Suzanne Sue Suzie; Sylvia Syl; Terence
Terry; Teresa Terry Tess; Theodore Theo Ted; Theresa Tess Terry; Thomas Tom Tommy; Timothy Tim Timmy; Tobias Toby;
Tracey Trace; Trevor Trev; Valerie Val; Vanessa Nessa; Veronica Ronnie Vera; Victor Vic; Victoria Vicky Tori; Vincent
Vince Vinny; Violet Vi; Vivien Viv; Walter Wally Walt; Wesley Wes; Wilfred Wilf; William Bill Will Billy Willie Liam;
Winifred Winnie Freda; Winston Win; Zachary Zac Zack; Babatunde Tunde Baba; Oluwaseun Seun Seyi; Oluwatobi Tobi
Tobiloba; Olumide Mide; Temitope Temi Tope; Abimbola Bimbo Bola; Adebayo Bayo Ade; Adekunle Kunle Ade; Ayodele Ayo
Dele; Chukwuemeka Emeka; Chinedu Nedu; Ikenna Ike; Kelechi Kel; Obinna Obi; Uchenna Uche; Chiamaka Amaka; Chioma Chi;
Ifeoma Ify Ife; Funmilayo Funmi; Titilayo Titi; Omolara Lara; Olayinka Yinka; Yewande Wande; Yetunde Yetty; Abdirahman
Abdi; Gurpreet Gurp Preet; Harpreet Preeti Harp; Jaspreet Jas; Mandeep Mandy Deep; Manpreet Mani; Kuldeep Kully;
Kulwinder Kully; Rajinder Raj; Rajesh Raj; Rupinder Rupi; Surinder Suri; Sukhdev Sukhi; Parminder Pam Parm; Sandeep
Sandy; Balbir Bal; Baljit Bal; Jaswinder Jas; Kamaljit Kamal; Aleksandra Ola; Agnieszka Aga; Katarzyna Kasia;
Małgorzata Gosia; Magdalena Magda; Joanna Asia; Aleksander Alek; Krzysztof Chris Krzys; Tomasz Tomek Tom; Jakub Kuba;
Piotr Peter; Paweł Paul; Mateusz Matt; Małgorzata Margaret; Andrzej Andrew; Alexandru Alex; Anastasia Nastya; Oleksandr
Alex Sasha; Wai Winnie; Wing Wendy
"""
_SAME_NAME = """
Mohammed Muhammad Mohamed Mohammad Muhammed Mohamad Mohd; Hussain Hussein Husain Hussian; Ahmed Ahmad Ahmet Ahamed; Ali
Aly; Chaudhry Choudhury Chowdhury Chaudhary Choudhry Chaudry; Syed Sayed Sayyid Saeed; Fatima Fatema Fatimah Fathima;
Aisha Ayesha Aysha Aesha Aishah; Yusuf Yousuf Yousef Yusef Yousaf; Khadija Khadijah Khadeeja; Maryam Mariam Mariyam;
Rahman Rehman Rahmaan Rehmaan; Sheikh Shaikh Shaykh; Qureshi Quraishi Kureshi; Ibrahim Ebrahim Ibraheem; Ismail Ismaeel
Esmail; Usman Osman Uthman Othman; Omar Umar Umer; Hassan Hasan Hasaan; Abdul Abdal Abdool; Abdullah Abdulla Abdallah;
Begum Begam Bibi Bi Beebi; Khatun Khatoon; Miah Mia Miya Mian; Uddin Ud-Din Udin; Siddique Siddiqui Sadiq Siddiq;
Akhtar Akther Akter; Iqbal Eqbal Ikbal; Bashir Basheer; Rashid Rasheed; Jamil Jameel; Karim Kareem; Salim Saleem;
Nasreen Nasrin Nazreen; Yasmin Yasmeen Jasmin; Parveen Parvin Perveen; Zainab Zaynab Zeinab; Noor Nur Nour; Haleema
Halima; Javed Javid Jawaid; Farooq Faruk Farouk Faruq; Mahmood Mahmud Mehmood; Naheed Nahid; Rukhsana Ruksana; Shabir
Shabbir; Younis Yunus Younas; Hamza Hamzah; Sharma Sarma; Chauhan Chohan Chouhan; Bhatt Bhat; Gupta Guptha; Dhillon
Dhilon Dhillion; Sandhu Sandu; Dhaliwal Dhaliwall; Sidhu Sidu Siddhu; Joshi Joshy; Lakshmi Laxmi Luxmi; Kavita Kavitha;
Sunita Suneeta; Geeta Gita; Meena Mina; Pooja Puja; Deepa Dipa; Deepak Dipak; Dilip Dileep; Vijay Vijai; Jaspreet
Jasprit; Gurpreet Gurprit; Harpreet Harprit; Reddy Reddi; Mohamed Mahamed Maxamed Mohamud; Abdi Abdy; Osei Osai; Adwoa
Adjoa; Kwadwo Kojo Kwadjo; Akosua Akosuah; Kwame Kwami; Kwasi Kwesi; Efua Afua Efuah; Owusu Owosu; Boateng Boaten;
Agyeman Agyemang; Acheampong Achampong; Ayodele Ayodeji; Okafor Okafo; Okoro Okorie; Adeyemi Adeyemo Adeyami; Chukwu
Chuku; Diallo Jalloh Jallow; Kamara Camara; Koroma Karoma; Fadumo Faduma; Fatuma Fatouma; Hodan Hodhan; Jama Jamac;
Warsame Warsama; Nguyen Ngyuen; Li Lee; Cheung Cheong; Ng Eng; Leung Leong; Chow Chau; Kowalski Kowalska; Wiśniewski
Wiśniewska; Kamiński Kamińska; Lewandowski Lewandowska; Zieliński Zielińska; Szymański Szymańska; Kozłowski Kozłowska;
Jankowski Jankowska; Grabowski Grabowska; Ivanov Ivanova Iwanow; Petrov Petroff; Dimitrov Dimitroff; Georgiev
Georgieff; Shevchenko Schevchenko Szewczenko; Oleksandr Alexander Aleksandr; Yulia Julia Iulia; Yuriy Yuri Iurii;
Natalya Natalia Nataliia; Olga Olha; Iryna Irina; Wiktoria Viktoria Victoria; Zofia Sofia Sophia; Ioan Jan Ion;
Catherine Katherine Kathryn Catharine Kathrine; Sarah Sara; Ann Anne; Stephen Steven; Geoffrey Jeffrey; Alan Allan
Allen; Clare Claire; Lynn Lynne; Jon John; Sean Shaun Shawn; Philip Phillip; Nicholas Nicolas; Teresa Theresa; Isabel
Isobel Isabelle; Lesley Leslie; Tracey Tracy; Clarke Clark; Thompson Thomson Tomson; Stewart Stuart Steward; Davis
Davies; Reid Reed Read; Philips Phillips; Whittaker Whitaker; Matthews Mathews; Pearce Pearse Peirce; Brown Browne;
Harris Harries; Hewitt Hewett; Stephens Stevens; Stephenson Stevenson; Gardner Gardiner; Sharp Sharpe; Green Greene;
McDonald MacDonald; McLean MacLean; McKenzie MacKenzie; Nicholson Nicolson
"""
_LETTERS = str.maketrans({"Ł": "L", "ł": "l", "Ø": "O", "ø": "o", "ß": "ss", "đ": "d"})
_POSTCODE_DIGITS, _POSTCODE_LETTERS = "0123456789", "ABDEFGHJLNPQRSTUWXYZ"
_TITLES = ("Mr", "Mrs", "Miss", "Ms", "Dr")


def _read(text: str, both_ways: bool) -> dict[str, tuple[str, ...]]:
    """Other words of its group for each group's first word, or for every word."""
    result: dict[str, tuple[str, ...]] = {}
    for words in (group.split() for group in text.split(";")):
        for word in words if both_ways else words[:1]:
            result[word] = result.get(word, ()) + tuple(other for other in words if other != word)
    return result


SHORT_FORMS = _read(_SHORT_FORMS, both_ways=False)
SAME_NAME = _read(_SAME_NAME, both_ways=True)


def slip(name: str, luck: int) -> str:
    """A slip of the finger after the first letter: one left out, doubled, swapped with the next, or its neighbour."""
    if len(name) < 3:
        return name + name[-1:]
    kind, at = luck % 4, 1 + luck // 4 % (len(name) - 2)
    before, letter, after = name[:at], name[at], name[at + 1 :]
    if kind == 3:
        return before + after[0] + letter + after[1:]
    return before + ("", letter * 2, _neighbour(letter, luck // 1_024))[kind] + after


def _neighbour(letter: str, luck: int) -> str:
    """A key next to the letter's own."""
    for row in _KEYS:
        at = row.find(plain(letter).lower())
        if at >= 0:
            adjacent = row[max(at - 1, 0) : at] + row[at + 1 : at + 2]
            return adjacent[luck % len(adjacent)]
    return letter


def by_ear(name: str, luck: int) -> str:
    """Written as it sounds; a slip where no rule fits."""
    small = name.lower()
    fits = [(small.find(old, 1), old, new) for old, new in _BY_EAR if small.find(old, 1) > 0]
    if not fits:
        return slip(name, luck)
    at, old, new = fits[luck % len(fits)]
    return name[:at] + new + name[at + len(old) :]


def misspelt(name: str, luck: int) -> str:
    """By hand or by ear, half and half."""
    return (slip, by_ear)[luck % 2](name, luck // 2)


def short(name: str, luck: int) -> str:
    """Liz for Elizabeth."""
    forms = SHORT_FORMS.get(name)
    return forms[luck % len(forms)] if forms else name


def other_spelling(name: str, luck: int) -> str:
    """Muhammad for Mohammed."""
    forms = SAME_NAME.get(name)
    return forms[luck % len(forms)] if forms else name


def half(name: str, luck: int) -> str:
    """One half of a double-barrelled name, oftener the last."""
    parts = name.split("-")
    return parts[luck % 3 > 0] if len(parts) == 2 and min(map(len, parts)) > 2 else name


def unjoined(name: str, luck: int) -> str:
    """Hyphens and apostrophes as systems and people write them: not at all, or a blank, or a curly one."""
    if "'" in name:
        return name.replace("'", ("", " ", "\u2019", "")[luck % 4])
    if "-" in name:
        return name.replace("-", (" ", "")[luck % 4 == 0])
    if name.startswith("Mc"):
        return ("Mc ", "Mac", "Mc")[luck % 3] + name[2:]
    return name


def plain(name: str, luck: int = 0) -> str:
    """Without accents."""
    if name.isascii():
        return name
    split = unicodedata.normalize("NFKD", name.translate(_LETTERS))
    return "".join(letter for letter in split if not unicodedata.combining(letter))


def garbled(name: str, luck: int) -> str:
    """UTF-8 read as if it were Windows's own code page: the two dots of Zoe become two signs."""
    return name if name.isascii() else name.encode().decode("cp1252", errors="replace")


def titled(name: str, luck: int) -> str:
    """With a title in front."""
    return f"{_TITLES[luck % len(_TITLES)]} {name}"


def other_case(name: str, luck: int) -> str:
    """All in capitals, or none."""
    return name.upper() if luck % 2 else name.lower()


def digit_slip(number: str, luck: int) -> str:
    """One digit wrong, or two neighbours swapped; the check digit gives either away."""
    at = luck // 4 % (len(number) - 1)
    if luck % 4 == 0:
        return number[:at] + number[at + 1] + number[at] + number[at + 2 :]
    digit = (int(number[at]) + 1 + luck // 64 % 9) % 10
    return f"{number[:at]}{digit}{number[at + 1 :]}"


def postcode_slip(code: str, luck: int) -> str:
    """A digit or a letter of a postcode's last three wrong."""
    at = len(code) - 1 - luck % 3
    letters = (_POSTCODE_DIGITS if code[at].isdigit() else _POSTCODE_LETTERS).replace(code[at], "")
    return code[:at] + letters[luck // 3 % len(letters)] + code[at + 1 :]


def typed_postcode(code: str, luck: int) -> str:
    """Without its blank, or in small letters."""
    return code.replace(" ", "") if luck % 2 else code.lower()
