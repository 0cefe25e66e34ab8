//! How many tokens a text has, by a rule that needs no model: so many hundredths of a token for each character of a
//! script. The rates lie between those of two tokenizers in wide use, see docs/recall.md.

use crate::interrupts::polled;

/// Hundredths of a token.
fn rate(c: char) -> u64 {
    match c {
        'a'..='z' | 'A'..='Z' | ' ' | '\t' | '\n' | '\r' => 22,
        '0'..='9' => 45,
        '\0'..='\x7f' => 50,
        // Hebrew, Greek.
        '\u{370}'..='\u{3ff}' | '\u{590}'..='\u{5ff}' | '\u{1f00}'..='\u{1fff}' => 72,
        // Cyrillic.
        '\u{400}'..='\u{52f}' => 45,
        // Arabic.
        '\u{600}'..='\u{6ff}' | '\u{750}'..='\u{77f}' => 60,
        // Scripts of India, Thai.
        '\u{900}'..='\u{e7f}' => 75,
        // Kana.
        '\u{3040}'..='\u{30ff}' => 85,
        // Hangul.
        '\u{ac00}'..='\u{d7ff}' => 90,
        // Emoji and rare ideographs.
        '\u{10000}'.. => 200,
        // Accented letters, ideographs, signs, and all else.
        _ => 100,
    }
}

/// The tokens of a text; at least 1 where there is any character.
pub fn estimate(text: &str) -> u64 {
    let hundredths: u64 = polled(text.chars()).map(rate).sum();
    hundredths.div_ceil(100)
}

/// A text of more bytes has more tokens: no script has less than a fifth of a token for a byte.
pub fn most_bytes(tokens: u64) -> u64 {
    5 * tokens
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn texts() {
        assert_eq!(estimate(""), 0);
        assert_eq!(estimate("a"), 1);
        assert_eq!(estimate("four"), 1);
        assert_eq!(estimate("fives"), 2);
        assert_eq!(estimate("これは"), 3);
        assert_eq!(estimate("2026-11-30"), 5);
    }

    /// Texts with what the tokenizers cl100k_base and o200k_base make of them.
    const SAMPLES: [(&str, u64, u64); 6] = [
        (
            "Yesterday we moved the meeting to Thursday, because Anna has to fly to Lisbon on Wednesday evening. She asked me to send the slides before noon and to bring the printed contract. By the way, do you remember where we left the keys of the old office? I thought they were in the second drawer, but I couldn't find them there.",
            69,
            68,
        ),
        (
            "Вчера мы перенесли встречу на четверг, потому что Анне нужно лететь в Лиссабон в среду вечером. Она попросила меня прислать слайды до полудня и принести распечатанный договор. Кстати, ты помнишь, где мы оставили ключи от старого офиса? Я думал, что они лежат во втором ящике, но там я их не нашёл.",
            146,
            91,
        ),
        (
            "بالأمس نقلنا الاجتماع إلى يوم الخميس لأن آنا يجب أن تسافر إلى لشبونة مساء الأربعاء. طلبت مني أن أرسل الشرائح قبل الظهر وأن أحضر العقد المطبوع. بالمناسبة، هل تتذكر أين تركنا مفاتيح المكتب القديم؟ ظننت أنها في الدرج الثاني، لكنني لم أجدها هناك.",
            177,
            74,
        ),
        (
            "कल हमने बैठक को गुरुवार के लिए टाल दिया, क्योंकि अन्ना को बुधवार की शाम लिस्बन जाना है। उसने मुझसे दोपहर से पहले स्लाइड भेजने और छपा हुआ अनुबंध लाने को कहा। वैसे, क्या तुम्हें याद है कि हमने पुराने दफ़्तर की चाबियाँ कहाँ छोड़ी थीं?",
            229,
            73,
        ),
        (
            "昨天我们把会议改到了星期四，因为安娜星期三晚上要飞往里斯本。她让我在中午之前把幻灯片发给她，并带上打印好的合同。对了，你还记得我们把旧办公室的钥匙放在哪里了吗？我以为在第二个抽屉里，但是我在那里没有找到。",
            125,
            74,
        ),
        (
            "어제 우리는 회의를 목요일로 옮겼습니다. 안나가 수요일 저녁에 리스본으로 가야 하기 때문입니다. 그녀는 저에게 정오 전에 슬라이드를 보내고 인쇄된 계약서를 가져오라고 부탁했습니다. 그런데 예전 사무실 열쇠를 어디에 두었는지 기억하나요?",
            121,
            74,
        ),
    ];

    #[test]
    fn between_two_tokenizers() {
        for (text, one, other) in SAMPLES {
            let (tokens, low, high) = (estimate(text), one.min(other), one.max(other));
            assert!(
                100 * tokens >= 85 * low && 100 * tokens <= 110 * high,
                "{text}: {tokens} of {low} to {high}"
            );
        }
    }

    proptest! {
        #[test]
        fn grows_with_the_text(text in "\\PC{0,200}", more in "\\PC{0,20}") {
            let whole = format!("{text}{more}");
            prop_assert!(estimate(&whole) >= estimate(&text));
            prop_assert!(estimate(&whole) <= estimate(&text) + estimate(&more));
            prop_assert!(text.len() as u64 <= most_bytes(estimate(&text)));
        }
    }
}
