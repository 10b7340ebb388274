//! Clusters start, stop, crash and start again; databases are apart.

use std::fs;
use std::path::Path;

use testkit::process::is_open;
use testkit::{PgCluster, PgDatabase};

#[test]
fn databases_of_the_shared_cluster_are_apart() {
    let (one, other) = (PgDatabase::create(), PgDatabase::create());
    one.query("CREATE TABLE signal (id BIGINT)");
    one.query("INSERT INTO signal VALUES (42)");
    assert_eq!(one.query("SELECT id FROM signal"), "42");
    assert_eq!(
        other.query("SELECT count(*) FROM pg_tables WHERE tablename = 'signal'"),
        "0"
    );

    let copy = one.cluster().copy_database(&one);
    assert_eq!(copy.query("SELECT id FROM signal"), "42");

    let (cluster, name) = (PgCluster::shared(), one.name().to_owned());
    drop(one);
    let left = format!("SELECT count(*) FROM pg_database WHERE datname = '{name}'");
    assert_eq!(cluster.query("postgres", &left), "0");
}

#[test]
fn a_cluster_of_its_own_keeps_commits_over_stop_crash_and_restart() {
    let cluster = PgCluster::start();
    let home;
    {
        let database = cluster.create_database();
        assert_eq!(database.query("SHOW fsync"), "on");
        home = database.query("SHOW data_directory");
        database.query("CREATE TABLE signal (id BIGINT)");

        for (round, stop) in [PgCluster::stop, PgCluster::crash].into_iter().enumerate() {
            database.query(&format!("INSERT INTO signal VALUES ({round})"));
            stop(&cluster);
            assert!(
                !is_open(cluster.port()),
                "nobody listens after round {round}"
            );
            assert_eq!(cluster.pid(), None);
            cluster.resume();
        }
        cluster.restart();
        assert_eq!(database.query("SELECT count(*) FROM signal"), "2");
    }
    let (port, pid) = (cluster.port(), cluster.pid().unwrap());
    drop(cluster);
    assert!(!is_open(port));
    assert!(!Path::new(&format!("/proc/{pid}")).exists());
    assert!(fs::metadata(home).is_err(), "its files are gone");
}
