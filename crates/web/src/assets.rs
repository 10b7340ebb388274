//! The embedded front end: every file under a name with its hash, compressed at build time.

/// A file as it is sent.
#[derive(Debug)]
pub struct Asset {
    /// The name in URLs, with the hash: `quarterdeck.3fa9c1d2.css`.
    pub name: &'static str,
    pub content_type: &'static str,
    /// Strong, quoted.
    pub etag: &'static str,
    /// As it is.
    pub bytes: &'static [u8],
    /// Compressed with brotli.
    pub br: &'static [u8],
    /// Compressed with gzip.
    pub gz: &'static [u8],
}

// `static ASSETS: &[(&str, Asset)]`, by plain name, written by build.rs.
include!(concat!(env!("OUT_DIR"), "/assets.rs"));

/// The asset of a hashed name, as it stands after `/static/`. Its content never changes, so it may
/// be cached for ever (`Cache-Control: public, max-age=31536000, immutable`).
pub fn find(name: &str) -> Option<&'static Asset> {
    ASSETS
        .iter()
        .map(|(_, asset)| asset)
        .find(|asset| asset.name == name)
}

/// The address of a file by its plain name: `url("quarterdeck.css")` is
/// `/static/quarterdeck.3fa9c1d2.css`. An unknown name gives `/static/` alone, which is not found.
pub fn url(name: &str) -> &'static str {
    URLS.iter()
        .find(|(plain, _)| *plain == name)
        .map_or("/static/", |(_, url)| url)
}

/// Every asset by its plain name.
pub fn all() -> impl Iterator<Item = (&'static str, &'static Asset)> {
    ASSETS.iter().map(|(name, asset)| (*name, asset))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// FACE.md rule 12: a first visit weighs at most 150 KB compressed, with 15 KB for the page.
    #[test]
    fn a_first_visit_is_light() {
        let weight: usize = all().map(|(_, asset)| asset.br.len()).sum();
        assert!(weight <= 135_000, "assets weigh {weight} bytes");
    }

    #[test]
    fn every_asset_is_found_by_its_address() {
        assert!(all().count() >= 6);
        for (name, asset) in all() {
            let found = find(url(name).trim_start_matches("/static/")).unwrap();
            assert_eq!(found.etag, asset.etag);
            assert!(!found.content_type.is_empty() && !found.bytes.is_empty());
        }
        assert!(find("nothing.css").is_none());
        assert_eq!(url("nothing.css"), "/static/");
    }
}
