"""A wider stock of names, for linkage alone: as many origins as England has, and the ways in which one name is written.

Within each list the first names are the likeliest. British surnames begin with
the commonest ones, about in their order in England and Wales; every other list
is put into a fixed mixed order.
"""

from zlib import crc32

from phm_utils.synthetic.name_lists import FORENAMES, SURNAMES, read_blocks
from phm_utils.synthetic.names import NameLists

BRITISH, INDIAN, MUSLIM, AFRICAN, CARIBBEAN, EUROPEAN, CHINESE = range(7)
# Of each ethnic category of the 2001 census, a to s: whose names its people mostly bear.
ORIGIN_OF = {"C": EUROPEAN, "H": INDIAN, "J": MUSLIM, "K": MUSLIM, "L": INDIAN, "M": CARIBBEAN, "N": AFRICAN,
             "P": CARIBBEAN, "R": CHINESE, "S": MUSLIM, "E": AFRICAN}  # fmt: skip

# Women's names that stand in the surname's place, whatever the family's is; and the share of women who bear one.
OF_WOMEN = {
    MUSLIM: (0.35, ("Begum", "Akhtar", "Bibi", "Khatun", "Parveen", "Kauser", "Sultana", "Khanum")),
    INDIAN: (0.20, ("Kaur", "Devi")),
}

_TEXT = """
[men]
Aaron Aidan Alec Alistair Allan Angus Archie Ashley Barnaby Bernard Bradley Brendan Bruce Cameron Carl Cecil Clifford
Clive Damian Darren Dean Dominic Donald Duncan Dylan Edmund Elliot Ernest Evan Felix Finlay Fraser Freddie Gareth
Gavin Geoffrey Gilbert Glen Gordon Grant Guy Gwyn Harvey Henri Herbert Hugo Huw Isaac Ivan Jamie Jay Jeffrey Joel
Jordan Jude Julian Justin Karl Laurence Lee Leslie Logan Louis Lucas Marcus Mason Maurice Max Mitchell Mohammed Morgan
Neville Nicolas Noel Owen Percy Rhys Riley Robin Rodney Rory Rupert Séan Sebastian Shane Sidney Spencer Stewart Ted
Theo Tobias Toby Tom Tony Tristan Tyler Wayne Wesley Wilfred Zachary Zack
[women]
Aimee Alexandra Alexis Annabel Anne Annie April Ava Bernadette Bethany Bridget Bronwen Carly Carolyn Catrin Cecilia
Celia Charlene Cheryl Chloë Clara Constance Danielle Debbie Deirdre Elaine Elin Elsie Emilia Erin Esme Esther Evie
Faith Felicity Francesca Gail Gemma Georgia Georgina Geraldine Gwen Gwendoline Hayley Hilary Hope Imogen Ivy Jade Jan
Jasmine Jenna Jill Jo Joann Jodie Josephine Joy Katherine Kathryn Katie Kelly Kerry Kim Kirsty Lara Leanne Lesley Lola
Lorna Lorraine Lydia Lynn Lynne Mabel Maisie Mandy Marian Martha Matilda Maxine Mildred Millie Miriam Muriel Naomi
Natasha Nina Norma Paige Penelope Renée Rhiannon Rita Roberta Rosie Sally Sara Scarlett Sian Siân Sienna Sinéad Stacey
Stephanie Sue Susannah Suzanne Tamsin Tanya Thea Theresa Tina Toni Una Ursula Vanessa Vivien Yvette Zara Zoë
[surnames]
Smith Jones Williams Taylor Davies Brown Wilson Evans Thomas Johnson Roberts Walker Wright Robinson Thompson White
Hughes Edwards Green Hall Wood Harris Lewis Martin Jackson Clarke Clark Turner Hill Scott Cooper Morris Ward Moore
King Watson Baker Harrison Morgan Patel Young Allen Mitchell James Anderson Phillips Lee Bell Parker Davis Bennett
Miller Cook Shaw Cox Richardson Richards Marshall Collins Carter Bailey Price O'Brien Gray Adams Griffiths Kelly
Murphy Simpson Ellis Stevens Hunt Rogers Owen Chapman Mason Webb Foster Powell Rose Palmer Holmes Gibson Knight Lloyd
Mills Matthews Butler Barnes Jenkins Stewart Murray Campbell Russell Fisher Reynolds Pearson Graham Fletcher Howard
Andrews Reid O'Connor Dixon Harvey Barker Hudson O'Neill Ryan McDonald MacDonald Hamilton Fox West Payne Sullivan
Walsh O'Sullivan McCarthy Doyle Byrne Kennedy Gallagher Quinn Brooks Francis Lawrence Perry Wells Elliott Saunders
Armstrong Spencer Cole Burton Johnston Hart Pearce Atkinson Dawson Lawson Carr Williamson Walters Wallace Stephens
Read Reed Burgess Hopkins Willis Barrett Nicholson Stephenson Stevenson Gardner Gardiner Alexander Arnold Hayes
Freeman Harding Gordon Sharp Sharpe Rowe Lane Jordan Robertson Rees Rhys Pugh Bevan Howells Vaughan Prosser Watkins
McLean MacLean McKenzie MacKenzie McGregor Ferguson Fraser Sinclair Burke Nolan Brennan O'Donnell O'Reilly O'Shea
Dunne Fitzgerald Fitzpatrick McCormack Donnelly Daly Keane Kavanagh Duffy Boyle St-John D'Arcy Le-Roux De-Souza Van-Dyke
Hammond Bradley Goodwin Norris Parsons Bishop Hardy Gill Kaye Leigh Leitch Whittaker Whitaker Philips Davison Davidson
Thomson Philipson Hewitt Hewett Bryant Briant Pearse Allan Alan Mathews Stuart Clayton Cross Sutton Sutcliffe Moss
[men, Indian]
Aarav Ajay Amar Amit Anand Anil Arjun Arun Ashok Balbir Bhavesh Chetan Deepak Dev Dilip Dinesh Girish Gurpreet
Hardeep Harish Harjit Hitesh Jagdeep Jasdeep Jaspal Jayesh Jitendra Kamal Karan Kartik Kiran Kishan Krishna Kuldeep
Kunal Lakhbir Mahesh Mandeep Manish Manoj Mohan Mukesh Naresh Navdeep Nikhil Nilesh Paresh Pradeep Prakash Pravin
Raj Rajan Rajesh Rajiv Rakesh Ramesh Ravi Rishi Rohan Rohit Sachin Sandeep Sanjay Satish Shiv Sukhdev Sunil Suresh
Surinder Tejinder Varun Vijay Vikram Vinod Vishal Vivek
[women, Indian]
Aditi Amrit Ananya Anita Anjali Anju Aparna Asha Baljit Bhavna Bindu Chandra Chetna Daksha Deepa Divya Gita Gurpreet
Hansa Harpreet Heena Hema Indira Jasbir Jaspreet Jaya Jayshree Jyoti Kajal Kalpana Kamaljit Kavita Kiran Kirti
Kulwinder Lakshmi Lata Madhu Mala Maya Meena Meera Mina Nalini Neela Neha Nimisha Nisha Parminder Payal Pooja Poonam
Pritpal Priya Purnima Radha Rajinder Rani Reena Rekha Ritu Rupinder Sangeeta Sarita Seema Sharda Shilpa Simran Sita
Smita Sonal Sunita Sushila Trupti Urmila Usha Varsha Vidya
[surnames, Indian]
Patel Singh Sharma Shah Kumar Gill Mistry Dhillon Sandhu Sidhu Desai Mehta Joshi Gupta Parmar Chauhan Verma Grewal
Bains Dhaliwal Solanki Rao Reddy Nair Rai Johal Virdee Sohal Lad Modi Vyas Trivedi Pandya Bhatt Kapoor Chopra
Malhotra Bhatia Arora Sethi Anand Jain Agarwal Das Dutta Ghosh Mukherjee Banerjee Bose Iyer Menon Pillai Fernandes
D'Souza Pereira Tailor Thakkar Gohil Rathod Makwana Hirani Vekaria Pindoria Gandhi Dave Raval Panchal Prajapati Soni
Bhogal Purewal Atwal Cheema Randhawa Mann Uppal Basra Deol Brar Kang Khaira
[men, Muslim]
Mohammed Abdul Abdullah Abu Adeel Adil Adnan Ahmed Akbar Ali Amir Amjad Arif Arshad Asad Ashraf Asif Aslam Atif Ayaan
Azhar Aziz Babar Bilal Ehsan Fahad Faisal Faraz Farhan Farooq Ghulam Habib Hamid Hamza Haroon Hasan Hashim Hassan
Hussain Ibrahim Idris Ifran Imran Irfan Ishaq Ismail Jamal Javed Junaid Kamran Karim Kashif Khalid Khurram Mahmood
Majid Malik Masood Mubashir Mustafa Nadeem Nadir Naeem Nasir Naveed Nazir Omar Osman Qasim Rashid Rizwan Saad Sajid
Salim Salman Saqib Shabir Shahid Shahzad Shakeel Sharif Shoaib Sohail Sulaiman Syed Tahir Talha Tariq Umar Usman
Waqas Waseem Yasin Yasir Younis Yusuf Zafar Zahid Zain Zeeshan Zubair
[women, Muslim]
Fatima Abida Afsana Aisha Aliya Amina Amna Anam Anisa Aroosa Asma Ayesha Azra Bushra Farah Farhana Farida Farzana
Fauzia Ghazala Hafsa Hajra Haleema Halima Hamida Hina Humaira Ifrah Iqra Jamila Kausar Khadija Kulsoom Laila Layla
Lubna Maha Maria Mariam Maryam Mehwish Misbah Munira Nabila Nadia Naheed Naila Najma Nargis Nasima Nasreen Nazia
Nighat Noor Parveen Rabia Rahila Raheela Razia Rehana Rizwana Robina Rubina Rukhsana Saba Sabina Sadia Safia Saima
Sajida Salma Samina Samira Sana Sara Shabana Shabnam Shaheen Shahida Shamim Shazia Sidra Sobia Sumaira Syeda Tahira
Tanzila Tasleem Uzma Yasmin Zahra Zainab Zakia Zara Zeenat Zobia
[surnames, Muslim]
Khan Hussain Ahmed Ali Akhtar Miah Mahmood Iqbal Malik Shah Rahman Chowdhury Uddin Islam Mohammed Hassan Aziz Rashid
Raja Butt Sheikh Hussein Choudhury Bashir Anwar Qureshi Mirza Akram Ashraf Javed Siddique Aslam Nazir Sadiq Saeed
Rehman Afzal Ullah Haque Hoque Karim Alam Kabir Bhatti Chaudhry Dar Farooq Arshad Yousaf Latif Zaman Sharif Hanif
Rafiq Saleem Younis Khalid Tariq Mir Baig Shafi Ghani Hamid Haider Abbasi Ansari Siddiqui Naqvi Kazmi Bukhari Awan
Kiani Minhas Warsi Noor Faruk Mannan Motin Salam Sattar Quddus
[men, African]
Abdi Abdirahman Ade Adebayo Adekunle Akin Amadou Ayo Ayodele Babatunde Bola Chidi Chike Chima Chinedu Chukwuemeka
Daniel David Ebuka Elijah Emeka Emmanuel Ephraim Eze Farai Femi Gbenga Godfrey Gideon Hassan Ibrahim Ike Ikenna Isaac
Ismail John Joseph Joshua Kelechi Kenneth Kofi Kojo Kwabena Kwadwo Kwame Kwasi Kwesi Mahamed Michael Mohamed Moses
Musa Nana Nathaniel Nnamdi Obi Obinna Olu Olumide Oluwaseun Oluwatobi Omari Paul Peter Samuel Segun Simba Solomon
Stephen Sunday Tafadzwa Tatenda Temitope Tendai Tinashe Tobi Tunde Uche Uchenna Victor Yaw Yemi Yusuf
[women, African]
Abena Abimbola Adaeze Ade Adwoa Afia Afua Agnes Akosua Ama Amara Amina Aminata Asha Ayaan Ayan Beatrice Blessing Bola
Bukola Charity Chiamaka Chioma Comfort Deborah Dorcas Efua Esi Esther Ezinne Fadumo Faith Fatou Fatuma Favour Florence
Folake Funmilayo Gift Gloria Grace Halima Hawa Hodan Hope Ife Ifeoma Joy Kemi Khadija Mariama Mary Mercy Mercy Naomi
Ngozi Nia Nkechi Nneka Ola Olayinka Oluwaseun Oluwatobi Omolara Patience Peace Precious Rachel Rejoice Ruth Rutendo
Ruvimbo Sahra Sarah Shola Tamika Temitope Tendai Titilayo Tolu Tsitsi Uche Victoria Yaa Yewande Yetunde Zainab
[surnames, African]
Mensah Mohamed Ali Osei Owusu Okafor Adeyemi Boateng Asante Abdi Hassan Agyeman Ibrahim Appiah Moyo Ncube Okoro
Williams Adebayo Amoah Ndlovu Sesay Kamara Conteh Bangura Koroma Jalloh Diallo Traore Mwangi Kamau Otieno Achieng
Nwosu Eze Obi Okeke Onyeka Nnamdi Chukwu Ogunleye Ojo Lawal Bello Musa Yusuf Salami Afolabi Akande Oyelaran Olawale
Olaniyan Ogbonna Nwachukwu Opara Anane Ansah Acheampong Adjei Addo Amponsah Antwi Asamoah Baidoo Bonsu Darko Donkor
Frimpong Gyamfi Kwarteng Ofori Opoku Oppong Sarpong Tetteh Yeboah Chikwanha Chirwa Dube Gumbo Mutasa Nkomo Phiri
Sibanda Tembo Zulu Warsame Omar Farah Jama Nur Osman Abdullahi Aden Hersi Isse Tesfaye Haile Gebremariam
[men, Caribbean]
Anthony Carlton Clive Courtney Cyril Damian Daniel David Delroy Desmond Devon Donovan Dwayne Earl Errol Everton
Fitzroy George Glenroy Horace Isaiah Jermaine Jordan Joshua Junior Kemar Kevin Lascelles Leon Leroy Lloyd Malachi
Marcus Marlon Maxwell Michael Nathan Neville Orville Oswald Patrick Paul Reuben Ricardo Rohan Romario Rudolph Shaquille
Steven Trevor Tyrone Vincent Wayne Wesley Winston
[women, Caribbean]
Alicia Andrea Angela Beverley Carol Chantelle Claudette Cynthia Dawn Deloris Denise Donna Doreen Ebony Enid Gloria
Grace Hyacinth Icilda Ingrid Jacqueline Janet Jasmine Joan Josephine Joy Keisha Leonie Lorna Marcia Marlene Marva
Maxine Merlene Michelle Monica Myrtle Nadine Natasha Nia Olive Pauline Pearl Precious Rochelle Sandra Sharon Shanice
Sonia Tamika Tanisha Valerie Verona Veronica Winsome Yvonne
[surnames, Caribbean]
Campbell Brown Williams Smith Johnson Thomas Clarke Grant Lewis James Francis Gordon Morgan Reid Henry Joseph Charles
Bailey Edwards Anderson Stewart Thompson Robinson Green Wilson Davis Walker Simpson Palmer Bryan Samuels Barrett Dixon
Powell Wright Allen Graham Douglas Gayle Blake Pinnock Pryce Rowe Salmon Sinclair Spence Stephenson Taylor Whyte
Blackwood Bogle Cunningham Dacres Facey Forbes Hylton Lindo McFarlane McKenzie Mullings Nembhard Plummer Rattray
Alleyne Baptiste Braithwaite Browne Cumberbatch Gittens Greenidge Hinds Holder Pierre St-Louis Worrell
[men, European]
Adam Adrian Alexandru Aleksander Alessandro Andrei Andrejs Andrzej Antonio Arkadiusz Artur Bartosz Bogdan Carlos
Constantin Cristian Dariusz Dawid Diego Dmitri Dominik Dragan Emil Filip Florin Francesco Gabriel Georgi Giovanni
Giuseppe Grzegorz Hans Hubert Ioan Ionut Ivan Jacek Jakub Jan Janis Janusz Jarosław Javier João Jonas José Józef
Kacper Kamil Karol Konrad Krzysztof Łukasz Luca Luis Maciej Marcin Marco Marek Mariusz Mateusz Matteo Michał Mihai
Mikołaj Miguel Mindaugas Nikolai Oleksandr Paolo Paweł Pedro Piotr Przemysław Radosław Rafał Robert Ryszard Sergiu
Sławomir Stefan Szymon Tadeusz Tomasz Vasile Viktor Vladimir Wojciech Yuriy Zbigniew
[women, European]
Agata Agnieszka Alexandra Aleksandra Alicja Alina Alina Ana Andreea Anca Aneta Anita Anna Barbara Beata Bożena Carmen
Chiara Cristina Daniela Danuta Diana Dominika Dorota Edyta Elena Elżbieta Emilia Ewa Francesca Gabriela Georgiana
Giulia Grażyna Halina Hanna Ilona Inga Ioana Irena Irina Iryna Ivana Iwona Izabela Jadwiga Joanna Jolanta Julia Justyna
Kamila Karolina Katarzyna Kinga Kristina Krystyna Laura Lucia Lidia Loredana Magdalena Małgorzata Maria Mariana Marta
Martina Mihaela Milena Monika Mónica Natalia Natalya Oksana Olena Olga Oliwia Patrycja Paulina Ramona Renata Rūta
Sabina Simona Sofia Svetlana Sylwia Teresa Tetiana Urszula Valentina Veronika Weronika Wiktoria Yulia Zofia Zuzanna
[surnames, European]
Nowak Kowalski Popescu Wiśniewski Wójcik Popa Kowalczyk Kamiński Lewandowski Silva Zieliński Szymański Woźniak
Ionescu Kozłowski Jankowski Mazur Kaczmarek Krawczyk Piotrowski Grabowski Nowicki Pawłowski Michalski Król Dudek
Adamczyk Wieczorek Jabłoński Majewski Stępień Olszewski Malinowski Górski Rutkowski Sikora Walczak Baran Pereira
Santos Ferreira Costa Rodrigues Martins Fernandes Gonçalves García Rodríguez Fernández López Martínez Sánchez Pérez
Gómez Rossi Russo Ferrari Esposito Bianchi Romano Greco Marino Petrov Ivanov Dimitrov Georgiev Stoica Radu Dumitru
Stan Munteanu Constantin Marin Rusu Kazlauskas Petrauskas Bērziņš Kalniņš Ozoliņš Shevchenko Kovalenko Bondarenko
Tkachenko Kravchenko Müller Schmidt Schneider Fischer Weber Meyer Dubois Lefèvre Papadopoulos Nagy Kovács Tóth Szabó
Horváth
[men, Chinese]
Alan Andy Bo Chi Chun Daniel Eric Feng Hao Henry Ho Hoi Jason Jia Jian Jun Kai Ka-Ming Kevin Kin Kwok Lei Li Long Man
Michael Ming Nam Peng Peter Raymond Shing Tony Tsz Wai Wei Wing Xiang Xin Yang Yi Ying Yiu Yong Yu Zhi
[women, Chinese]
Amy Anna Bo Chi-Ling Christina Fang Fei Grace Hui Jia Jing Jenny Joyce Ka-Yan Kit Lai Lan Li Lin Ling Mei Michelle
Min Na Ping Qian Shu Siu Suet Tsz Vivian Wai Wan Wei Wing Xia Xiao Xin Xue Yan Yi Yin Ying Yuen Yuk Yun
[surnames, Chinese]
Wong Chan Li Chen Wang Liu Zhang Lee Cheung Lam Ng Leung Ho Yang Lau Huang Lin Chow Cheng Wu Tang Yip Yu Zhou Xu Liang
Zhao Tsang Kwok Man Mok Fung Hui Lo Law Sun Ma Zhu Hu Guo He Gao Luo Zheng Xie Tran Nguyen Pham Le Vu
"""


def _mixed(*lists: tuple[str, ...]) -> tuple[str, ...]:
    """Each word of the lists once, in an order that no alphabet gave."""
    return tuple(sorted(set().union(*lists), key=lambda word: crc32(word.encode())))


WORDS = read_blocks(_TEXT)
_FORENAMES = tuple(
    tuple(
        _mixed(WORDS[f"{sex}, {origin}"]) if origin else _mixed(WORDS[sex], FORENAMES[number])
        for number, sex in enumerate(("men", "women"))
    )
    for origin in ("", "Indian", "Muslim", "African", "Caribbean", "European", "Chinese")
)
_BRITISH = WORDS["surnames"]
WIDER = NameLists(
    forenames=tuple(words for both in _FORENAMES for words in both),
    surnames=(
        (*_BRITISH, *(word for word in _mixed(SURNAMES[0]) if word not in set(_BRITISH))),
        *(
            WORDS[f"surnames, {origin}"]
            for origin in ("Indian", "Muslim", "African", "Caribbean", "European", "Chinese")
        ),
    ),
    origin_of=ORIGIN_OF,
    as_listed=True,
    fall=(0.5, 0.6),
)
