//! The tables: equal in both databases, as diesel sees them, up and down again.

use std::collections::BTreeMap;
use std::path::Path;

use diesel::prelude::*;
use store::{Conn, Error, Store, migrate};

use crate::backend::Backend;
use crate::on_both;

/// What the files of `schema` and the catalogues say of a table: column → (type, nullable).
type Tables = BTreeMap<String, BTreeMap<String, (String, bool)>>;

fn said_by_schema() -> Tables {
    let mut tables = Tables::new();
    let mut table = None;
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/schema");
    let texts: Vec<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|file| std::fs::read_to_string(file.unwrap().path()).unwrap())
        .collect();
    for line in texts.iter().flat_map(|text| text.lines()).map(str::trim) {
        if let Some((column, kind)) = line.split_once(" -> ") {
            let kind = kind.trim_end_matches(',');
            let inner = kind
                .strip_prefix("Nullable<")
                .and_then(|rest| rest.strip_suffix('>'));
            let column = column.trim_start_matches("r#").to_owned();
            let (table, columns): &mut (String, BTreeMap<_, _>) = table.as_mut().unwrap();
            let before =
                columns.insert(column, (inner.unwrap_or(kind).to_owned(), inner.is_some()));
            assert_eq!(before, None, "a column of {table} stands there twice");
        } else if line.ends_with(") {") {
            let name = line.split(' ').next().unwrap().to_owned();
            table = Some((name, BTreeMap::new()));
        } else if line == "}"
            && let Some((name, columns)) = table.take()
        {
            tables.insert(name, columns);
        }
    }
    tables
}

#[derive(diesel::QueryableByName)]
struct Row {
    #[diesel(sql_type = diesel::sql_types::Text)]
    line: String,
}

/// Table, column, type and nullability, one a line, parted by `|`.
fn catalogue(conn: &mut Conn) -> Tables {
    const SQLITE: &str = "SELECT m.name || '|' || c.name || '|' || c.type || '|' || \
        CASE WHEN c.\"notnull\" THEN '' ELSE 'null' END AS line \
        FROM sqlite_master m JOIN pragma_table_info(m.name) c \
        WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%' AND m.name NOT LIKE '\\_\\_%' \
        ESCAPE '\\'";
    const POSTGRES: &str = "SELECT table_name || '|' || column_name || '|' || data_type || '|' || \
        CASE is_nullable WHEN 'YES' THEN 'null' ELSE '' END AS line \
        FROM information_schema.columns \
        WHERE table_schema = 'public' AND table_name NOT LIKE '\\_\\_%'";
    let rows: Vec<Row> = match conn {
        Conn::Sqlite(c) => diesel::sql_query(SQLITE).load(c).unwrap(),
        Conn::Postgres(c) => diesel::sql_query(POSTGRES).load(c).unwrap(),
    };
    let mut tables = Tables::new();
    for Row { line } in rows {
        let parts: Vec<&str> = line.split('|').collect();
        let kind = match parts[2].to_lowercase().as_str() {
            // SQLite's booleans are integers; diesel's word decides.
            "bigint" | "integer" => "BigInt",
            "text" => "Text",
            "bytea" | "blob" => "Binary",
            "boolean" => "Bool",
            other => panic!("{line}: the type {other}"),
        };
        tables
            .entry(parts[0].to_owned())
            .or_default()
            .insert(parts[1].to_owned(), (kind.to_owned(), parts[3] == "null"));
    }
    tables
}

on_both!(the_tables_are_as_diesel_sees_them, |backend| {
    drop(backend.store());
    let mut conn = backend.conn();
    let found = catalogue(&mut conn);
    let mut said = said_by_schema();
    assert!(said.len() > 30, "the schema is understood: {said:?}");
    if !conn.is_postgres() {
        // A STRICT table knows no booleans.
        for (kind, _) in said.values_mut().flat_map(BTreeMap::values_mut) {
            if kind == "Bool" {
                "BigInt".clone_into(kind);
            }
        }
    }
    assert_eq!(said, found);
});

#[test]
fn both_databases_have_the_same_migrations() {
    let names = |folder: &str| {
        let path = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("../../migrations")
            .join(folder);
        let mut names: Vec<String> = std::fs::read_dir(path)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    };
    assert_eq!(names("sqlite"), names("postgresql"));
    let versions: Vec<String> = names("sqlite")
        .iter()
        .map(|name| name.split('_').next().unwrap().to_owned())
        .collect();
    assert_eq!(versions, migrate::known_versions().unwrap());
}

on_both!(up_down_and_up_again, |backend| {
    let mut conn = backend.conn();
    let pending = migrate::pending(&mut conn).unwrap();
    assert_eq!(migrate::migrate(&mut conn).unwrap().len(), pending.len());
    let first = catalogue(&mut conn);
    assert!(migrate::pending(&mut conn).unwrap().is_empty());
    assert!(migrate::migrate(&mut conn).unwrap().is_empty());

    migrate::revert_all(&mut conn).unwrap();
    assert_eq!(catalogue(&mut conn), Tables::new());

    assert_eq!(migrate::migrate(&mut conn).unwrap().len(), pending.len());
    assert_eq!(catalogue(&mut conn), first);
});

on_both!(a_newer_database_is_refused, |backend| {
    drop(backend.store());
    let mut conn = backend.conn();
    conn.execute(
        "INSERT INTO __diesel_schema_migrations (version, run_on) \
         VALUES ('9990', '2031-01-01 00:00:00')",
    )
    .unwrap();
    let refused = Store::open(&backend.url).err().unwrap();
    assert!(
        matches!(&refused, Error::Newer { found, .. } if found == "9990"),
        "{refused:?}"
    );
    let text = refused.to_string();
    assert!(
        text.contains("newer than this program") && text.contains("9990"),
        "{text}"
    );
});

on_both!(many_processes_may_start_at_once, |backend| {
    let starts: Vec<_> = (0..6)
        .map(|_| {
            let url = backend.url.clone();
            std::thread::spawn(move || Store::open(&url).map(drop))
        })
        .collect();
    for start in starts {
        start.join().unwrap().unwrap();
    }
    let mut conn = backend.conn();
    assert!(migrate::pending(&mut conn).unwrap().is_empty());
});

#[test]
fn an_error_of_a_migration_leaves_nothing_behind() {
    let backend = Backend::sqlite();
    let mut conn = backend.conn();
    // In the way of one of the later migrations.
    conn.execute("CREATE TABLE notification (id INTEGER)")
        .unwrap();
    assert!(matches!(
        migrate::migrate(&mut conn),
        Err(Error::Refused(_))
    ));
    let left: Vec<String> = catalogue(&mut conn).into_keys().collect();
    assert_eq!(left, ["notification"]);
}
