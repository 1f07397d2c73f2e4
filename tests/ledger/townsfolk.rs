//! People of a town as they call: numbers written in many ways, names half said and misspelled, addresses in any case;
//! couples on one line or with one address, namesakes, numbers that change. Knows nothing of how they are told apart.
//!
//! Two calls that share nothing cannot be one person's to anybody. So who calls from a number for the first time either
//! calls for the first time at all, or gives an address given before; and who uses a line or an address that is another
//! person's as well says who they are.

use std::collections::HashSet;

use crate::chance::Chance;

/// A person.
pub struct Person {
    pub first: &'static str,
    pub last: &'static str,
    /// National numbers of their own: a mobile, perhaps another one.
    own: Vec<String>,
    /// Shared with the other person of the house.
    pub line: Option<String>,
    email: Option<String>,
    /// Numbers they have called from.
    used: HashSet<String>,
    /// Whether the address was given.
    told: bool,
}

/// What reaches us of a call.
#[derive(Debug)]
pub struct Said {
    pub person: usize,
    /// As the network writes it.
    pub from: String,
    pub national: String,
    pub name: Option<String>,
    pub email: Option<String>,
    /// From the line of a house.
    pub shared: bool,
}

pub struct Town {
    pub people: Vec<Person>,
    chance: Chance,
}

impl Town {
    pub fn new(size: usize, seed: u64) -> Town {
        let mut chance = Chance(seed);
        let mut taken = HashSet::new();
        let mut people: Vec<Person> = Vec::new();
        while people.len() < size {
            let couple = people.len() + 1 < size && one_in(&mut chance, 8);
            let (last, line) = (rare(&mut chance, LAST), couple.then(|| number(&mut chance, &mut taken)));
            let mut firsts = vec![rare(&mut chance, FIRST).0];
            while couple && firsts.len() < 2 {
                let other = rare(&mut chance, FIRST).0;
                // Nobody can tell two people of one house and one name.
                if other.as_bytes()[0] != firsts[0].as_bytes()[0] {
                    firsts.push(other);
                }
            }
            let family =
                (couple && one_in(&mut chance, 4)).then(|| format!("{}family{}@mail.example", last, people.len()));
            for first in firsts {
                let own =
                    (0..1 + usize::from(one_in(&mut chance, 3))).map(|_| number(&mut chance, &mut taken)).collect();
                let address = format!("{first}.{last}{}@mail.example", people.len());
                let email = family.clone().or((!one_in(&mut chance, 5)).then_some(address));
                let line = line.clone();
                people.push(Person { first, last, own, line, email, used: HashSet::new(), told: false });
            }
        }
        Town { people, chance }
    }

    /// The calls of one day, of different people.
    pub fn day(&mut self, calls: usize) -> Vec<Said> {
        let mut who = HashSet::new();
        while who.len() < calls.min(self.people.len()) {
            who.insert(self.chance.below(self.people.len() as u64) as usize);
        }
        let mut who: Vec<usize> = who.into_iter().collect();
        who.sort_unstable();
        who.into_iter().map(|person| self.call(person)).collect()
    }

    fn call(&mut self, index: usize) -> Said {
        let (chance, person) = (&mut self.chance, &mut self.people[index]);
        let choices: Vec<&String> = person.own.iter().chain(&person.line).collect();
        let mut national = choices[chance.below(choices.len() as u64) as usize].clone();
        let stranger = |person: &Person, number: &String| !person.used.is_empty() && !person.used.contains(number);
        if stranger(person, &national) && !person.told {
            national = person.used.iter().min().cloned().unwrap_or(national);
        }
        let must = stranger(person, &national);
        let email = person.email.clone().filter(|_| must || one_in(chance, 3));
        person.used.insert(national.clone());
        person.told |= email.is_some();
        let shared = person.line.as_ref() == Some(&national);
        let email = email.map(|email| cased(chance, email));
        let family = email.as_ref().is_some_and(|email| email.to_lowercase().contains("family"));
        let named = shared || family || must || one_in(chance, 2);
        let name = named.then(|| spoken(chance, person.first, person.last));
        Said { person: index, from: written(chance, &national), national, name, email, shared }
    }
}

/// A mobile or landline of the United States that can exist, each once.
fn number(chance: &mut Chance, taken: &mut HashSet<String>) -> String {
    const AREAS: [&str; 6] = ["212", "646", "617", "415", "305", "718"];
    loop {
        let area = AREAS[chance.below(6) as usize];
        let number = format!("{area}{}{:06}", 2 + chance.below(8), chance.below(1_000_000));
        // N11 is no exchange.
        if &number[4..6] != "11" && taken.insert(number.clone()) {
            return number;
        }
    }
}

/// As networks write it.
fn written(chance: &mut Chance, n: &str) -> String {
    let (area, exchange, rest) = (&n[..3], &n[3..6], &n[6..]);
    match chance.below(8) {
        0 => format!("+1{n}"),
        1 => n.to_owned(),
        2 => format!("1{n}"),
        3 => format!("({area}) {exchange}-{rest}"),
        4 => format!("+1 {area} {exchange} {rest}"),
        5 => format!("{area}.{exchange}.{rest}"),
        6 => format!("0111{n}"),
        _ => format!("+1-{area}-{exchange}-{rest}"),
    }
}

/// As a caller says it and a recogniser writes it.
fn spoken(chance: &mut Chance, first: &str, last: &str) -> String {
    let nick = FIRST.iter().find(|(name, _)| *name == first).map_or(first, |(_, nick)| nick);
    let (f, l) = (capital(first), capital(last));
    match chance.below(10) {
        0 => f,
        1 => format!("{first} {last}"),
        2 => format!("{} {l}", capital(nick)),
        3 => format!("{f} Q. {l}"),
        4 => format!("{f} {}", capital(&misspelled(chance, last))),
        5 => format!("{} {l}", capital(&misspelled(chance, first))),
        6 => format!("{l}, {f}"),
        7 => format!("  {f}   {l} "),
        _ => format!("{f} {l}"),
    }
}

/// One letter doubled, or one vowel another.
fn misspelled(chance: &mut Chance, name: &str) -> String {
    let at = 1 + chance.below(name.len() as u64 - 1) as usize;
    let letter = &name[at..=at];
    let other = match letter {
        "a" => "e",
        "e" => "a",
        "i" => "y",
        "o" => "u",
        _ => return format!("{}{letter}{}", &name[..at], &name[at..]),
    };
    format!("{}{other}{}", &name[..at], &name[at + 1..])
}

fn cased(chance: &mut Chance, email: String) -> String {
    match chance.below(3) {
        0 => email.to_uppercase(),
        1 => capital(&email),
        _ => email,
    }
}

fn capital(word: &str) -> String {
    let (first, rest) = word.split_at(1);
    format!("{}{rest}", first.to_uppercase())
}

fn one_in(chance: &mut Chance, n: u64) -> bool {
    chance.below(n) == 0
}

/// The first ones are common, the last ones are not.
fn rare<T: Copy>(chance: &mut Chance, all: &[T]) -> T {
    let n = all.len() as u64;
    all[(chance.below(n) * chance.below(n) / n) as usize]
}

/// First names, and what friends say.
const FIRST: &[(&str, &str)] = &[
    ("james", "jim"),
    ("mary", "mary"),
    ("robert", "bob"),
    ("patricia", "pat"),
    ("john", "jack"),
    ("jennifer", "jenny"),
    ("michael", "mike"),
    ("linda", "lindy"),
    ("david", "dave"),
    ("elizabeth", "liz"),
    ("william", "bill"),
    ("barbara", "barb"),
    ("richard", "rick"),
    ("susan", "sue"),
    ("joseph", "joe"),
    ("jessica", "jess"),
    ("thomas", "tom"),
    ("karen", "karen"),
    ("charles", "chuck"),
    ("sarah", "sally"),
    ("daniel", "dan"),
    ("lisa", "lisa"),
    ("matthew", "matt"),
    ("nancy", "nan"),
    ("anthony", "tony"),
    ("sandra", "sandy"),
    ("mark", "mark"),
    ("ashley", "ash"),
    ("steven", "steve"),
    ("emily", "em"),
    ("paul", "paul"),
    ("donna", "donna"),
    ("andrew", "drew"),
    ("michelle", "shelly"),
    ("kenneth", "ken"),
    ("carol", "carol"),
    ("george", "george"),
    ("amanda", "mandy"),
    ("joshua", "josh"),
    ("melissa", "missy"),
    ("kevin", "kev"),
    ("deborah", "debbie"),
    ("brian", "brian"),
    ("stephanie", "steph"),
    ("edward", "ted"),
    ("rebecca", "becky"),
    ("ronald", "ron"),
    ("laura", "laurie"),
    ("timothy", "tim"),
    ("helen", "nell"),
    ("jason", "jay"),
    ("cynthia", "cindy"),
    ("jeffrey", "jeff"),
    ("amy", "amy"),
    ("ryan", "ryan"),
    ("kathleen", "kathy"),
    ("jacob", "jake"),
    ("angela", "angie"),
    ("gary", "gary"),
    ("shirley", "shirl"),
    ("margaret", "peggy"),
    ("walter", "walt"),
    ("dorothy", "dot"),
    ("francisco", "paco"),
    ("guadalupe", "lupe"),
    ("oluwaseun", "seun"),
    ("xiaoming", "ming"),
];
const LAST: &[&str] = &[
    "smith",
    "johnson",
    "williams",
    "brown",
    "jones",
    "garcia",
    "miller",
    "davis",
    "rodriguez",
    "martinez",
    "hernandez",
    "lopez",
    "gonzalez",
    "wilson",
    "anderson",
    "thomas",
    "taylor",
    "moore",
    "jackson",
    "martin",
    "lee",
    "perez",
    "thompson",
    "white",
    "harris",
    "sanchez",
    "clark",
    "ramirez",
    "lewis",
    "robinson",
    "walker",
    "young",
    "allen",
    "king",
    "wright",
    "scott",
    "torres",
    "nguyen",
    "hill",
    "flores",
    "green",
    "adams",
    "nelson",
    "baker",
    "hall",
    "rivera",
    "campbell",
    "mitchell",
    "carter",
    "roberts",
    "gomez",
    "phillips",
    "evans",
    "turner",
    "diaz",
    "parker",
    "cruz",
    "edwards",
    "collins",
    "reyes",
    "stewart",
    "morris",
    "morales",
    "murphy",
    "cook",
    "rogers",
    "gutierrez",
    "ortiz",
    "morgan",
    "cooper",
    "peterson",
    "bailey",
    "reed",
    "kelly",
    "howard",
    "ramos",
    "kim",
    "cox",
    "ward",
    "richardson",
    "watson",
    "brooks",
    "chavez",
    "wood",
    "bennett",
    "gray",
    "mendoza",
    "ruiz",
    "hughes",
    "price",
    "alvarez",
    "castillo",
    "sanders",
    "patel",
    "myers",
    "long",
    "ross",
    "foster",
    "jimenez",
    "okonkwo",
    "papadopoulos",
    "szczepanski",
    "vandermeer",
    "abdullah",
    "oconnor",
    "macdonald",
    "yamamoto",
    "lindqvist",
    "fitzgerald",
];
