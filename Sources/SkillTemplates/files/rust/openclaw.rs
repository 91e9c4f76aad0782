//! What a skill in Rust needs of the host: the manifest note, texts across the border, and calls of JSON tools.
//! `openclaw_skill.h` in the documentation of openclaw is the last word on all of it. Build with `panic=abort`.
#![allow(dead_code)]

use std::ffi::{c_char, c_void, CStr, CString};
use std::fmt;
use std::sync::Mutex;

/// The ELF note that carries the manifest. `manifest!` makes it.
#[repr(C, align(4))]
pub struct Note<const N: usize> {
    owner_size: u32,
    text_size: u32,
    kind: u32,
    owner: [u8; 12],
    text: [u8; N],
}

impl<const N: usize> Note<N> {
    pub const fn new(json: &str) -> Self {
        let mut text = [0; N];
        let mut index = 0;
        while index < N {
            text[index] = json.as_bytes()[index];
            index += 1;
        }
        Note { owner_size: 9, text_size: N as u32, kind: 0x4f43_5331, owner: *b"openclaw\0\0\0\0", text }
    }
}

/// Puts the manifest, JSON, into the library. Use it once, at the top level.
#[macro_export]
macro_rules! manifest {
    ($json:expr) => {
        #[used]
        #[link_section = ".note.openclaw.skill"]
        static OC_MANIFEST_NOTE: $crate::openclaw::Note<{ $json.len() }> = $crate::openclaw::Note::new($json);
    };
}

/// A `str` of a typed tool: UTF-8 ended by NUL. As an argument it is borrowed for the length of the call.
#[repr(transparent)]
pub struct Text(*const c_char);

impl Text {
    pub fn as_str(&self) -> &str {
        // The host hands over valid UTF-8, ended by NUL, that lives until the call is over.
        unsafe { CStr::from_ptr(self.0) }.to_str().unwrap_or("")
    }
}

impl fmt::Display for Text {
    fn fmt(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// A `str` result. It is kept until the next one; the host makes one call at a time.
pub fn text(result: String) -> Text {
    static KEPT: Mutex<Option<CString>> = Mutex::new(None);
    let owned = CString::new(result.replace('\0', "")).unwrap_or_default();
    let pointer = owned.as_ptr();
    *KEPT.lock().unwrap_or_else(|poisoned| poisoned.into_inner()) = Some(owned);
    Text(pointer)
}

#[repr(C)]
#[derive(Clone, Copy)]
struct Slice {
    pointer: *const u8,
    length: usize,
}

#[repr(C)]
struct Host {
    size: u32,
    major: u32,
    minor: u32,
    flags: u32,
    reply: extern "C" fn(*const Call, Slice) -> i32,
    fail: extern "C" fn(*const Call, i32, Slice) -> i32,
    request: extern "C" fn(*const Call, Slice, Slice, *mut Slice) -> i32,
    cancelled: extern "C" fn(*const Call) -> bool,
    log: extern "C" fn(*const Host, u32, Slice),
}

/// The only argument of a JSON tool: `pub extern "C" fn tool(call: &Call) -> i32`.
#[repr(C)]
pub struct Call {
    size: u32,
    flags: u32,
    host: *const Host,
    state: *mut c_void,
    args: Slice,
    deadline: i64,
    id: Slice,
}

fn slice(text: &str) -> Slice {
    Slice { pointer: text.as_ptr(), length: text.len() }
}

impl Slice {
    fn as_str(&self) -> &str {
        if self.length == 0 {
            return "";
        }
        // Slices of the host are valid UTF-8 and live as long as the call.
        std::str::from_utf8(unsafe { std::slice::from_raw_parts(self.pointer, self.length) }).unwrap_or("")
    }
}

impl Call {
    fn host(&self) -> &Host {
        // Never null, and alive as long as the call.
        unsafe { &*self.host }
    }

    /// The arguments: a JSON object, checked against the manifest.
    pub fn args(&self) -> &str {
        self.args.as_str()
    }

    /// Adds a piece of JSON to the result; return what it returns.
    pub fn reply(&self, json: &str) -> i32 {
        (self.host().reply)(self, slice(json))
    }

    /// Says why the call fails; return what it returns. Codes are those of the header, 100 and above the skill's own.
    pub fn fail(&self, code: i32, reason: &str) -> i32 {
        (self.host().fail)(self, code, slice(reason))
    }

    /// Asks the host for a capability: its JSON answer, or the code and the reason.
    pub fn request(&self, name: &str, json: &str) -> Result<String, (i32, String)> {
        let mut answer = slice("");
        let status = (self.host().request)(self, slice(name), slice(json), &mut answer);
        let text = answer.as_str().to_string();
        if status == 0 { Ok(text) } else { Err((status, text)) }
    }

    /// True once the caller gave up. Ask often.
    pub fn cancelled(&self) -> bool {
        (self.host().cancelled)(self)
    }

    /// One line for the host's log.
    pub fn log(&self, line: &str) {
        (self.host().log)(self.host, 1, slice(line))
    }
}
