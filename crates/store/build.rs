//! Rebuild when a migration is added: `embed_migrations!` notices only edits of files it knows.
fn main() {
    println!("cargo::rerun-if-changed=../../migrations");
    println!("cargo::rerun-if-changed=build.rs");
}
