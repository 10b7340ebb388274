//! Files that senders are set up with, with our address filled in.

/// The media type of Zabbix.
pub(super) const ZABBIX: &str = "zabbix-mediatype.yaml";
/// The notifications of Argo CD.
pub(super) const ARGOCD: &str = "argocd-notifications.yaml";

/// Where the files of the manual stand in for an installation and a key.
const BASE: &str = "https://quarterdeck.example.com";
const KEY: &str = "/KEY/";

/// The file of this name, for a server at `base`. Without a key the word KEY stands for it.
pub fn filled(name: &str, base: &str, key: Option<&str>) -> Option<String> {
    let text = match name {
        ZABBIX => include_str!("../../../../../docs/zabbix-mediatype.yaml"),
        ARGOCD => include_str!("../../../../../docs/argocd-notifications.yaml"),
        _ => return None,
    };
    let text = text.replace(BASE, base);
    Some(match key {
        Some(key) => text.replace(KEY, &format!("/{key}/")),
        None => text,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_name_the_server_and_the_key() {
        for (name, slug) in [(ZABBIX, "zabbix"), (ARGOCD, "argocd")] {
            let open = filled(name, "https://page.example.org", None).unwrap();
            let address = format!("https://page.example.org/integrations/KEY/{slug}");
            assert!(open.contains(&address), "{name}");
            assert!(!open.contains(BASE), "{name}");
            let whole = filled(name, "https://page.example.org", Some("a1b2")).unwrap();
            assert!(
                whole.contains(&address.replace("KEY", "a1b2")) && !whole.contains("/KEY/"),
                "{name}"
            );
        }
        assert_eq!(filled("passwd", BASE, None), None);
    }
}
