//! What stands on a worker's slip, in the languages in which somebody can vouch for it. The sentences are few and short, because they are read by people
//! who read little, and aloud. A language that is not here gets English, never half a translation.

use titian_proto::model::slip::SlipCategory;
use titian_proto::model::vocabulary::Category;

/// The sentences and words of one language.
pub struct Words {
    /// The language, the first part of BCP 47.
    pub language: &'static str,
    /// What the paper is.
    pub title: &'static str,
    /// Who holds something.
    pub holds: &'static str,
    /// How she takes it back.
    pub withdraw: &'static str,
    /// Whether to keep the paper.
    pub keep: &'static str,
    /// What the code is for.
    pub proves: &'static str,
    /// Head of the column of unions.
    pub union: &'static str,
    /// Head of the column of categories.
    pub what: &'static str,
    /// Head of the column of days.
    pub until: &'static str,
    /// Who wrote it.
    pub written_by: &'static str,
    /// When.
    pub date: &'static str,
    /// Its random number.
    pub number: &'static str,
    /// The categories that may stand on paper: `CASE_CORE` to `CLAIM` in the order of the contract, then `SENSITIVE`.
    categories: [&'static str; 8],
}

/// Every language, English first.
#[rustfmt::skip] // a table is read by its lines
pub const TABLE: [Words; 4] = [
    Words {
        language: "en",
        title: "What you allowed",
        holds: "Our union keeps your file. The unions below may hold a part of it, for the help you agreed to, until the day shown.",
        withdraw: "You can take this back at any time. Say so at our union or at any union below. You need no reason and no paper.",
        keep: "Keep this paper only if it is safe for you. You lose nothing if you throw it away.",
        proves: "The square proves that our union wrote this. Your name is not in it.",
        union: "Union", what: "May hold", until: "Until", written_by: "Written by", date: "Date", number: "Number",
        categories: [
            "basic facts of the case", "sex, age group, nationality", "name", "telephone and address", "how to contact you safely",
            "employer or recruiter", "amounts of money and dates", "sensitive information",
        ],
    },
    Words {
        language: "id",
        title: "Yang Anda izinkan",
        holds: "Serikat kami menyimpan berkas Anda. Serikat di bawah ini boleh menyimpan sebagian, untuk bantuan yang Anda setujui, sampai tanggal yang tertulis.",
        withdraw: "Anda boleh membatalkan izin ini kapan saja. Katakan saja kepada serikat kami atau serikat mana pun di bawah ini. Tidak perlu alasan dan tidak perlu kertas ini.",
        keep: "Simpan kertas ini hanya jika aman bagi Anda. Anda tidak kehilangan apa pun jika membuangnya.",
        proves: "Kotak ini membuktikan bahwa serikat kami yang menulisnya. Nama Anda tidak ada di dalamnya.",
        union: "Serikat", what: "Boleh menyimpan", until: "Sampai", written_by: "Ditulis oleh", date: "Tanggal", number: "Nomor",
        categories: [
            "fakta dasar kasus", "jenis kelamin, kelompok umur, kewarganegaraan", "nama", "telepon dan alamat", "cara aman menghubungi Anda",
            "pemberi kerja atau perekrut", "jumlah uang dan tanggal", "informasi sensitif",
        ],
    },
    Words {
        language: "ms",
        title: "Perkara yang anda benarkan",
        holds: "Kesatuan kami menyimpan fail anda. Kesatuan di bawah boleh menyimpan sebahagian daripadanya, untuk bantuan yang anda setujui, sehingga tarikh yang ditunjukkan.",
        withdraw: "Anda boleh menarik balik kebenaran ini pada bila-bila masa. Beritahu kesatuan kami atau mana-mana kesatuan di bawah. Anda tidak perlu memberi sebab dan tidak perlu membawa kertas ini.",
        keep: "Simpan kertas ini hanya jika selamat untuk anda. Anda tidak rugi apa-apa jika membuangnya.",
        proves: "Petak ini membuktikan bahawa kesatuan kami yang menulisnya. Nama anda tidak ada di dalamnya.",
        union: "Kesatuan", what: "Boleh menyimpan", until: "Sehingga", written_by: "Ditulis oleh", date: "Tarikh", number: "Nombor",
        categories: [
            "fakta asas kes", "jantina, kumpulan umur, kewarganegaraan", "nama", "telefon dan alamat", "cara selamat menghubungi anda",
            "majikan atau perekrut", "jumlah wang dan tarikh", "maklumat sensitif",
        ],
    },
    Words {
        language: "ne",
        title: "तपाईंले दिनुभएको अनुमति",
        holds: "हाम्रो युनियनले तपाईंको फाइल राख्छ। तलका युनियनहरूले तपाईंले सहमति दिएको सहयोगका लागि, लेखिएको मितिसम्म, त्यसको केही भाग राख्न सक्छन्।",
        withdraw: "तपाईंले यो अनुमति जुनसुकै बेला फिर्ता लिन सक्नुहुन्छ। हाम्रो युनियन वा तलको कुनै पनि युनियनमा मुखले भने पुग्छ। कारण वा यो कागज चाहिँदैन।",
        keep: "यो कागज तपाईंका लागि सुरक्षित भए मात्र राख्नुहोस्। फालेमा तपाईंलाई कुनै घाटा हुँदैन।",
        proves: "यो चौकोर चिन्हले यो कागज हाम्रो युनियनले लेखेको प्रमाणित गर्छ। यसमा तपाईंको नाम छैन।",
        union: "युनियन", what: "राख्न सक्ने जानकारी", until: "मितिसम्म", written_by: "लेख्ने युनियन", date: "मिति", number: "नम्बर",
        categories: [
            "मुद्दाका आधारभूत तथ्य", "लिङ्ग, उमेर समूह, राष्ट्रियता", "नाम", "फोन र ठेगाना", "तपाईंलाई सुरक्षित रूपमा सम्पर्क गर्ने तरिका",
            "रोजगारदाता वा भर्तीकर्ता", "रकम र मितिहरू", "संवेदनशील जानकारी",
        ],
    },
];

/// The words of a language, BCP 47; none where nobody has written them.
#[must_use]
pub fn of(language: &str) -> Option<&'static Words> {
    let primary = language.split('-').next().unwrap_or_default();
    TABLE.iter().find(|words| words.language.eq_ignore_ascii_case(primary))
}

/// English, which everybody gets who has no words of her own here.
#[must_use]
pub fn english() -> &'static Words {
    let [english, ..] = &TABLE;
    english
}

impl Words {
    /// What a category is called.
    #[must_use]
    pub fn category(&self, category: SlipCategory) -> &'static str {
        let [case_core, demographic, identity, contact, safety, employer, claim, sensitive] = self.categories;
        match category {
            SlipCategory::Named(Category::Demographic) => demographic,
            SlipCategory::Named(Category::Identity) => identity,
            SlipCategory::Named(Category::Contact) => contact,
            SlipCategory::Named(Category::Safety) => safety,
            SlipCategory::Named(Category::Employer) => employer,
            SlipCategory::Named(Category::Claim) => claim,
            SlipCategory::Named(Category::CaseCore | Category::Directory) => case_core,
            // A slip names no other category: they are of T3 and T4.
            SlipCategory::Named(_) | SlipCategory::Sensitive => sensitive,
        }
    }
}
