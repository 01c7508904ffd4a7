//! Build script of the deployed functions: links them at a fixed address.
//!
//! Rust's programs can be loaded anywhere, as a rule, and the dynamic loader then writes the right address into every
//! table of pointers before `main` begins. For a program with an AWS SDK inside that is half a megabyte of relocations
//! and a hundred pages that are touched for nothing else: process start to first answer took 1.5 to 1.6 times that of an
//! empty handler, and takes 1.3 times without them (`cargo xtask bench`, "Cold start").
//!
//! The price is that the program's own code and constants are not placed at random; stack, heap and shared libraries
//! are, as before. No function contains unsafe code of this project's.

use std::env;

fn main() {
    println!("cargo:rerun-if-changed=../link.rs");
    // Where glibc's start files are used, the linker's driver chooses between both kinds by this argument.
    let target = |what| env::var(format!("CARGO_CFG_TARGET_{what}")).unwrap_or_default();
    if target("OS") == "linux" && target("ENV") == "gnu" {
        println!("cargo:rustc-link-arg-bins=-no-pie");
    }
}
