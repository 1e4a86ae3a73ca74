//! The few icons beside words. None is ever alone: a state has its word, too.

use std::fmt;

use askama::filters::HtmlSafe;

/// An icon; prints itself as an SVG element that is hidden from screen readers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Icon {
    /// A clock: it waits.
    Wait,
    /// An arrow: it is on its way.
    Send,
    Done,
    Fail,
    /// A question mark: the outcome is unknown.
    Question,
    /// A crossed circle: refused.
    No,
    /// An arrow back: withdrawn.
    Undo,
    /// An hourglass: too late.
    Hourglass,
    /// A triangle: look at this.
    Warn,
    /// An i: good to know.
    Info,
    /// A pen: a signature.
    Pen,
    Lock,
    /// An arrow down: download.
    Down,
    /// Two sheets.
    Copy,
    Left,
    Right,
    /// No connection.
    Off,
    Note,
    /// Done by the engine.
    Gear,
    /// Signing in.
    Key,
    /// Proven.
    Shield,
    /// Somebody by name.
    Person,
    /// Countersign's own.
    Brand,
}

impl Icon {
    fn drawing(self) -> &'static str {
        match self {
            Self::Person => {
                r#"<circle cx="8" cy="5" r="2.8"/><path d="M2.8 14c.5-3 2.5-4.4 5.2-4.4s4.7 1.4 5.2 4.4"/>"#
            }
            Self::Wait => r#"<circle cx="8" cy="8" r="6"/><path d="M8 4.6V8l2.4 1.5"/>"#,
            Self::Send => r#"<path d="M2 8h11M9 4l4 4-4 4"/>"#,
            Self::Done => r#"<path d="M3 8.6l3.2 3.2L13 4.6"/>"#,
            Self::Fail => r#"<path d="M4 4l8 8M12 4l-8 8"/>"#,
            Self::Question => {
                r#"<circle cx="8" cy="8" r="6.2"/><path d="M6.2 6.4a1.8 1.8 0 1 1 2.6 1.6c-.6.3-.8.6-.8 1.2M8 11.3v.1"/>"#
            }
            Self::No => r#"<circle cx="8" cy="8" r="6"/><path d="M3.8 12.2l8.4-8.4"/>"#,
            Self::Undo => r#"<path d="M6 3L3 6l3 3"/><path d="M3 6h6.4a3.4 3.4 0 0 1 0 6.8H6"/>"#,
            Self::Hourglass => {
                r#"<path d="M4.4 2.4h7.2M4.4 13.6h7.2M5.4 2.4c0 3 5.2 3.4 5.2 5.6s-5.2 2.6-5.2 5.6M10.6 2.4c0 3-5.2 3.4-5.2 5.6s5.2 2.6 5.2 5.6"/>"#
            }
            Self::Warn => r#"<path d="M8 2.2L14.6 13.6H1.4z"/><path d="M8 6.6v3.2M8 11.8v.1"/>"#,
            Self::Info => r#"<circle cx="8" cy="8" r="6.2"/><path d="M8 7.4v3.6M8 5v.1"/>"#,
            Self::Pen => r#"<path d="M2.5 13.5l.8-3.2L11 2.6l2.4 2.4-7.7 7.7z"/><path d="M9 13.5h4.5"/>"#,
            Self::Lock => {
                r#"<rect x="3.5" y="7" width="9" height="6.5" rx="1"/><path d="M5.5 7V5a2.5 2.5 0 0 1 5 0v2"/>"#
            }
            Self::Down => r#"<path d="M8 2.5v8M4.5 7.5L8 11l3.5-3.5M2.5 13.5h11"/>"#,
            Self::Copy => {
                r#"<rect x="5.5" y="5.5" width="8" height="8" rx="1"/><path d="M10.5 5.5v-3h-8v8h3"/>"#
            }
            Self::Left => r#"<path d="M10 3L5 8l5 5"/>"#,
            Self::Right => r#"<path d="M6 3l5 5-5 5"/>"#,
            Self::Off => {
                r#"<path d="M2 2l12 12M1.5 6.4a9 9 0 0 1 2.7-1.8M7.2 3.6a9 9 0 0 1 7.3 2.8M4 9a5.6 5.6 0 0 1 2.4-1.4M10.4 8A5.6 5.6 0 0 1 12 9M8 12.2v.1"/>"#
            }
            Self::Note => r#"<path d="M2.5 3.5h11v7.5h-6L4.5 13.5V11h-2z"/>"#,
            Self::Gear => {
                r#"<circle cx="8" cy="8" r="2.2"/><path d="M8 1.8v2M8 12.2v2M1.8 8h2M12.2 8h2M3.6 3.6L5 5M11 11l1.4 1.4M12.4 3.6L11 5M5 11l-1.4 1.4"/>"#
            }
            Self::Key => r#"<circle cx="5" cy="8" r="2.8"/><path d="M7.8 8h6M11.5 8v2.4"/>"#,
            Self::Shield => {
                r#"<path d="M8 1.8l5 1.8v4c0 3.2-2 5.4-5 6.6-3-1.2-5-3.4-5-6.6v-4z"/><path d="M5.6 8l1.8 1.8L10.6 6.4"/>"#
            }
            Self::Brand => {
                r#"<path d="M2 10.5c1.6-4.5 3-6.5 4-6 1.3.7-2 6-.4 6 1.2 0 1.8-2.6 3-2.6 1 0 .6 1.6 1.6 1.6.8 0 1.4-.5 3.8-1.5"/><path d="M2 13.6h12"/>"#
            }
        }
    }
}

impl fmt::Display for Icon {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, r#"<svg class="i" viewBox="0 0 16 16" aria-hidden="true">{}</svg>"#, self.drawing())
    }
}

impl HtmlSafe for Icon {}
