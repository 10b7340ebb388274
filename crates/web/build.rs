//! Prepares the front end: fetches its packages by npm when they are missing, picks the files that
//! pages use, names them by their hashes, compresses them, and writes the table that
//! `src/assets.rs` includes.

use std::error::Error;
use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use sha2::{Digest, Sha256};

/// Plain name, where it comes from under `static/`, content type. Files may name others before them
/// in this list as `{{asset NAME}}`.
const FILES: &[(&str, &str, &str)] = &[
    (
        "tabler.min.css",
        "node_modules/@tabler/core/dist/css/tabler.min.css",
        CSS,
    ),
    ("htmx.min.js", "node_modules/htmx.org/dist/htmx.min.js", JS),
    (
        "sse.min.js",
        "node_modules/htmx-ext-sse/dist/sse.min.js",
        JS,
    ),
    ("quarterdeck.css", "quarterdeck.css", CSS),
    ("quarterdeck.js", "quarterdeck.js", JS),
    ("favicon.svg", "favicon.svg", "image/svg+xml"),
    (
        "manifest.webmanifest",
        "manifest.webmanifest",
        "application/manifest+json",
    ),
];

/// Names of the icons that pages use, one a line.
const ICONS: &str = "icons.txt";
const CSS: &str = "text/css; charset=utf-8";
const JS: &str = "text/javascript; charset=utf-8";

struct Made {
    plain: String,
    hashed: String,
    content_type: &'static str,
}

fn main() -> Result<(), Box<dyn Error>> {
    let root = PathBuf::from(std::env::var("CARGO_MANIFEST_DIR")?).join("../../static");
    let out = PathBuf::from(std::env::var("OUT_DIR")?);
    for file in [
        "package.json",
        "package-lock.json",
        ICONS,
        "node_modules/.package-lock.json",
    ] {
        println!("cargo:rerun-if-changed={}", root.join(file).display());
    }
    println!("cargo:rerun-if-changed=build.rs");
    fetch_packages(&root)?;

    let mut made = Vec::new();
    for (plain, source, content_type) in FILES {
        let path = root.join(source);
        if !source.starts_with("node_modules") {
            println!("cargo:rerun-if-changed={}", path.display());
        }
        let mut text = read(&path)?;
        for earlier in &made {
            let Made { plain, hashed, .. } = earlier;
            text = text.replace(
                &format!("{{{{asset {plain}}}}}"),
                &format!("/static/{hashed}"),
            );
        }
        // The maps are not embedded, so that browsers need not ask for them.
        let text = match text.find("/*# sourceMappingURL") {
            Some(at) => text[..at].to_owned(),
            None => text,
        };
        let text = if *content_type == CSS {
            with_system_theme(&text)
        } else {
            text
        };
        made.push(write(&out, plain, &text, content_type)?);
    }
    made.push(write(&out, "icons.svg", &sprite(&root)?, "image/svg+xml")?);
    write_table(&out, &made)?;
    Ok(())
}

/// Repeats the rules of the dark theme for `data-bs-theme=system` under the system's preference, so
/// that it is followed without script.
fn with_system_theme(css: &str) -> String {
    const DARK: &str = "[data-bs-theme=dark]";
    let mut again = String::new();
    let mut depth = 0usize;
    let mut from = 0usize;
    for (at, c) in css.char_indices() {
        match c {
            '{' => {
                let selector = &css[from..at];
                if depth == 0 && selector.contains(DARK) {
                    let chosen: Vec<String> = selector
                        .split(',')
                        .map(str::trim)
                        .filter(|part| part.starts_with(DARK))
                        .map(|part| part.replacen(DARK, "[data-bs-theme=system]", 1))
                        .collect();
                    let rest = &css[at..];
                    if let (false, Some(end)) = (chosen.is_empty(), rest.find('}')) {
                        again.push_str(&chosen.join(","));
                        again.push_str(&rest[..=end]);
                    }
                }
                depth += 1;
                from = at + 1;
            }
            '}' => {
                depth = depth.saturating_sub(1);
                from = at + 1;
            }
            ';' => from = at + 1,
            _ => {}
        }
    }
    format!("{css}\n@media (prefers-color-scheme:dark){{{again}}}\n")
}

/// Runs `npm ci` unless `node_modules` is as new as the lock file. Builds that run at the same time
/// wait for each other.
fn fetch_packages(root: &Path) -> Result<(), Box<dyn Error>> {
    let lock_dir = root.join("dist");
    fs::create_dir_all(&lock_dir)?;
    let guard = File::create(lock_dir.join("npm.lock"))?;
    guard.lock()?;
    let installed = fs::metadata(root.join("node_modules/.package-lock.json"));
    let wanted = fs::metadata(root.join("package-lock.json"))?.modified()?;
    if installed
        .and_then(|meta| meta.modified())
        .is_ok_and(|have| have >= wanted)
    {
        return Ok(());
    }
    let status = Command::new("npm")
        .args([
            "ci",
            "--ignore-scripts",
            "--no-audit",
            "--no-fund",
            "--loglevel=error",
        ])
        .current_dir(root)
        .status()
        .map_err(|error| format!("npm is needed to fetch the front-end packages: {error}"))?;
    if !status.success() {
        return Err(format!("npm ci in {} failed: {status}", root.display()).into());
    }
    Ok(())
}

fn read(path: &Path) -> Result<String, Box<dyn Error>> {
    fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()).into())
}

/// One SVG with every icon of the list as a symbol of its name.
fn sprite(root: &Path) -> Result<String, Box<dyn Error>> {
    let mut svg = String::from("<svg xmlns=\"http://www.w3.org/2000/svg\">");
    for name in read(&root.join(ICONS))?
        .lines()
        .map(str::trim)
        .filter(|name| !name.is_empty())
    {
        let icon = read(
            &root
                .join("node_modules/@tabler/icons/icons/outline")
                .join(format!("{name}.svg")),
        )?;
        let body = icon
            .find("<svg")
            .and_then(|start| icon[start..].find('>').map(|end| start + end + 1))
            .and_then(|from| icon.rfind("</svg>").map(|until| &icon[from..until]))
            .ok_or_else(|| format!("{name}.svg is not an icon"))?;
        let body: Vec<&str> = body.lines().map(str::trim).collect();
        write!(
            svg,
            "<symbol id=\"{name}\" viewBox=\"0 0 24 24\">{}</symbol>",
            body.concat()
        )?;
    }
    svg.push_str("</svg>");
    Ok(svg)
}

/// Writes a file as it is and compressed, under its hashed name.
fn write(
    out: &Path,
    plain: &str,
    text: &str,
    content_type: &'static str,
) -> Result<Made, Box<dyn Error>> {
    let digest = Sha256::digest(text.as_bytes());
    let hash = digest
        .iter()
        .take(4)
        .fold(String::new(), |hash, byte| format!("{hash}{byte:02x}"));
    let (stem, ending) = plain.rsplit_once('.').ok_or("an asset needs an ending")?;
    let hashed = format!("{stem}.{hash}.{ending}");
    let path = out.join(&hashed);
    fs::write(&path, text)?;

    let compressed = out.join(format!("{hashed}.br"));
    if !compressed.exists() {
        let mut brotli = brotli::CompressorWriter::new(Vec::new(), 64 * 1024, 11, 22);
        brotli.write_all(text.as_bytes())?;
        fs::write(&compressed, brotli.into_inner())?;
    }
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    gzip.write_all(text.as_bytes())?;
    fs::write(out.join(format!("{hashed}.gz")), gzip.finish()?)?;
    Ok(Made {
        plain: plain.to_owned(),
        hashed,
        content_type,
    })
}

fn write_table(out: &Path, made: &[Made]) -> Result<(), Box<dyn Error>> {
    let mut table = String::from("static ASSETS: &[(&str, Asset)] = &[\n");
    for Made {
        plain,
        hashed,
        content_type,
    } in made
    {
        let file = |ending: &str| {
            format!("include_bytes!(concat!(env!(\"OUT_DIR\"), \"/{hashed}{ending}\"))")
        };
        writeln!(
            table,
            "({plain:?}, Asset {{ name: {hashed:?}, content_type: {content_type:?}, \
             etag: \"\\\"{hashed}\\\"\", bytes: {}, br: {}, gz: {} }}),",
            file(""),
            file(".br"),
            file(".gz")
        )?;
    }
    table.push_str("];\nstatic URLS: &[(&str, &str)] = &[\n");
    for Made { plain, hashed, .. } in made {
        writeln!(table, "({plain:?}, \"/static/{hashed}\"),")?;
    }
    table.push_str("];\n");
    fs::write(out.join("assets.rs"), table)?;
    Ok(())
}
