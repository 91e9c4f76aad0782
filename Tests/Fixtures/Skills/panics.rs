// A Rust panic may not cross into C: it aborts.
#[no_mangle]
pub extern "C" fn panic_now() -> i32 {
    let none: Option<i32> = std::hint::black_box(None);
    none.unwrap()
}

#[no_mangle]
pub extern "C" fn fine() -> i32 {
    42
}
