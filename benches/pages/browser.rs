//! As much of a browser as a measurement needs: one connection, its cookies, compressed answers.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};

use anyhow::Context;

pub struct Browser {
    host: String,
    stream: BufReader<TcpStream>,
    cookies: Vec<(String, String)>,
}

pub struct Reply {
    pub status: u16,
    pub body: Vec<u8>,
}

impl Browser {
    pub fn new(address: SocketAddr) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        Ok(Self { host: address.to_string(), stream: BufReader::new(stream), cookies: Vec::new() })
    }

    /// Signs in by one click.
    pub fn sign_in(&mut self, user_id: &str) -> anyhow::Result<()> {
        let page = self.ask("GET", "/ui/sign-in", "", "identity")?;
        let page = String::from_utf8(page.body)?;
        let (_, rest) = page.split_once("name=\"csrf\" value=\"").context("the page has no token")?;
        let (token, _) = rest.split_once('"').context("the token has no end")?;
        let form = format!("csrf={token}&person={user_id}&to=%2Fui");
        let reply = self.ask("POST", "/ui/sign-in/demo", &form, "identity")?;
        anyhow::ensure!(reply.status == 303, "signing in: {}", reply.status);
        Ok(())
    }

    /// What the browser would send as its cookies.
    pub fn cookie_header(&self) -> String {
        let cookies: Vec<String> =
            self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        cookies.join("; ")
    }

    pub fn get(&mut self, path: &str) -> anyhow::Result<Reply> {
        self.ask("GET", path, "", "gzip")
    }

    fn ask(&mut self, method: &str, path: &str, form: &str, coding: &str) -> anyhow::Result<Reply> {
        let host = &self.host;
        let cookies = self.cookie_header();
        let mut call = format!(
            "{method} {path} HTTP/1.1\r\nhost: {host}\r\norigin: http://{host}\r\nsec-fetch-site: same-origin\r\n\
             accept-encoding: {coding}\r\ncookie: {cookies}\r\n",
        );
        if method == "POST" {
            call += &format!(
                "content-type: application/x-www-form-urlencoded\r\ncontent-length: {}\r\n",
                form.len()
            );
        }
        call += "\r\n";
        call += form;
        self.stream.get_mut().write_all(call.as_bytes())?;
        self.answer()
    }

    fn answer(&mut self) -> anyhow::Result<Reply> {
        let mut line = String::new();
        self.stream.read_line(&mut line)?;
        let status = line.split(' ').nth(1).context("no status")?.parse()?;
        let mut length = 0;
        loop {
            line.clear();
            self.stream.read_line(&mut line)?;
            let Some((name, value)) = line.trim_end().split_once(": ") else { break };
            match name.to_ascii_lowercase().as_str() {
                "content-length" => length = value.parse()?,
                "set-cookie" => self.keep(value),
                _ => {}
            }
        }
        let mut body = vec![0; length];
        self.stream.read_exact(&mut body)?;
        Ok(Reply { status, body })
    }

    fn keep(&mut self, cookie: &str) {
        let pair = cookie.split(';').next().unwrap_or_default();
        if let Some((name, value)) = pair.split_once('=') {
            self.cookies.retain(|(known, _)| known != name);
            self.cookies.push((name.to_owned(), value.to_owned()));
        }
    }
}
