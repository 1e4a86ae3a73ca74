//! Checks before a condition is parsed: the parser needs much stack per level of nesting.

/// Maximum length of a condition.
pub const BYTES_MAX: usize = 1024;

/// Maximum depth of nested brackets.
pub const BRACKETS_MAX: usize = 8;

/// Maximum number of `a ? b : c`, each of which nests the rest.
pub const CHOICES_MAX: usize = 4;

/// Checks length, nesting and spelling without understanding more than strings.
pub fn check(text: &str) -> Result<(), String> {
    if text.trim().is_empty() {
        return Err("Write a condition, or leave when out.".to_owned());
    }
    if text.len() > BYTES_MAX {
        return Err(format!("Write at most {BYTES_MAX} bytes; split it into several rules."));
    }
    let code = without_strings(text)?;
    if code.contains("//") || code.contains('`') {
        return Err("Leave comments and backticks out.".to_owned());
    }
    let (mut depth, mut deepest) = (0_usize, 0);
    for byte in code.bytes() {
        match byte {
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        deepest = deepest.max(depth);
    }
    if deepest > BRACKETS_MAX {
        return Err(format!("Nest at most {BRACKETS_MAX} brackets; split it into several rules."));
    }
    if code.matches('?').count() > CHOICES_MAX {
        return Err(format!("Use ? at most {CHOICES_MAX} times; split it into several rules."));
    }
    Ok(())
}

/// The text with every string emptied.
fn without_strings(text: &str) -> Result<String, String> {
    if text.contains("\"\"\"") || text.contains("'''") {
        return Err("Write strings between single quotation marks.".to_owned());
    }
    let mut code = String::new();
    let mut chars = text.chars();
    let mut before = ' ';
    while let Some(c) = chars.next() {
        code.push(c);
        if matches!(c, '"' | '\'') {
            let is_raw = matches!(before, 'r' | 'R');
            skip_string(&mut chars, c, is_raw).ok_or("Close every string.")?;
            code.push(c);
        }
        before = c;
    }
    Ok(code)
}

fn skip_string(chars: &mut std::str::Chars<'_>, quote: char, is_raw: bool) -> Option<()> {
    loop {
        match chars.next()? {
            '\\' if !is_raw => {
                chars.next()?;
            }
            c if c == quote => return Some(()),
            _ => {}
        }
    }
}
