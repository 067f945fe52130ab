//! Random agreements, consents and selections, and the words by which what belongs to whom is known wherever it turns up.

/// Categories with words of their own. What every referral says of a case has none.
pub(crate) const CATEGORIES: [&str; 6] = ["IDENTITY", "CONTACT", "SAFETY", "EMPLOYER", "NARRATIVE", "DOCUMENTS"];

/// A source of chance: the same number, the same world.
pub(crate) struct Chance(u64);

impl Chance {
    pub(crate) fn of(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    fn next(&mut self) -> u64 {
        // splitmix64
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// Whether something happens that happens so often in ten times.
    pub(crate) fn tenths(&mut self, often: u64) -> bool {
        self.next() % 10 < often
    }

    /// Some of these, each so often in ten times.
    pub(crate) fn some<'a>(&mut self, of: &[&'a str], often: u64) -> Vec<&'a str> {
        of.iter().copied().filter(|_| self.tenths(often)).collect()
    }
}

/// The agreement between two unions.
pub(crate) struct Annex {
    pub(crate) categories: Vec<&'static str>,
    /// A field that stays in spite of its category.
    pub(crate) denied: Option<&'static str>,
}

impl Annex {
    pub(crate) fn draw(chance: &mut Chance) -> Self {
        let denied = chance.tenths(3).then_some("contact.address");
        Self { categories: chance.some(&CATEGORIES, 9), denied }
    }
}

/// One worker: what she allows, and what staff select.
pub(crate) struct Case {
    pub(crate) number: usize,
    pub(crate) consented: Vec<&'static str>,
    pub(crate) withheld: Option<&'static str>,
    pub(crate) selected: Vec<&'static str>,
    pub(crate) withdraws: bool,
}

impl Case {
    pub(crate) fn draw(chance: &mut Chance, number: usize, annex: &Annex) -> Self {
        let consented = chance.some(&CATEGORIES, 8);
        let withheld = chance.some(&consented, 1).first().copied();
        // Half the staff select what may go, the other half anything.
        let selected = if chance.tenths(5) {
            let may: Vec<&str> = annex.categories.iter().copied().filter(|one| consented.contains(one) && withheld != Some(*one)).collect();
            chance.some(&may, 8)
        } else {
            chance.some(&CATEGORIES, 5)
        };
        Self { number, consented, withheld, selected, withdraws: chance.tenths(4) }
    }

    /// A word that says whose it is.
    pub(crate) fn word(&self, category: &str) -> String {
        format!("TAINT-{category}-{:04}", self.number)
    }

    /// Her telephone, whose digits say the same.
    pub(crate) fn telephone(&self) -> String {
        format!("+9990007{:04}", self.number)
    }

    /// Whether a category may ever leave: staff put a narrative and a document under the referral by name too, so what they selected does not bound it.
    pub(crate) fn may(&self, annex: &Annex, category: &str) -> bool {
        let by_name = matches!(category, "NARRATIVE" | "DOCUMENTS");
        let selected = by_name || self.selected.contains(&category);
        selected && annex.categories.contains(&category) && self.consented.contains(&category) && self.withheld != Some(category)
    }

    /// Every word of hers, and whether it may ever leave. What she said only after her withdrawal, file names and what stands beside a picture never.
    pub(crate) fn words(&self, annex: &Annex) -> Vec<(String, bool)> {
        let mut words: Vec<(String, bool)> = CATEGORIES.iter().map(|category| (self.word(category), self.may(annex, category))).collect();
        words.retain(|(word, _)| word != &self.word("CONTACT"));
        words.push((self.word("CONTACT"), self.may(annex, "CONTACT") && annex.denied.is_none()));
        words.push((self.telephone(), self.may(annex, "CONTACT")));
        words.extend(["LATE", "FILENAME", "EXIF"].map(|never| (self.word(never), false)));
        words
    }
}

/// Categories as a list in TOML, with those that every referral needs.
pub(crate) fn listed(categories: &[&str]) -> String {
    let all: Vec<String> = ["CASE_CORE", "DEMOGRAPHIC"].iter().chain(categories).map(|category| format!("\"{category}\"")).collect();
    format!("[{}]", all.join(", "))
}
