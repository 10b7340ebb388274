use domain::directory::Settings;
use domain::integration::IntegrationSettings;
use domain::policy::Target;
use domain::routing::Routing;
use domain::service::{Integration, Service, ServiceSettings};
use domain::word::IntegrationKind;
use domain::{IntegrationId, ServiceId};
use store::{Error, service, setting};

use crate::house::{House, NOW};

crate::on_both! {
    services_and_integrations_are_read_as_written
    a_removed_integration_sets_its_key_free
    settings_are_read_as_written
    two_that_make_up_a_secret_end_up_with_one
}

fn new_service(house: &House) -> Service {
    house
        .write(|tx| {
            let new = Service {
                id: tx.id(ServiceId)?,
                slug: "checkout".into(),
                name: "Checkout".into(),
                description: "Orders".into(),
                team_id: None,
                policy_id: None,
                settings: ServiceSettings::default(),
            };
            service::insert(tx, &new, NOW)?;
            Ok(new)
        })
        .unwrap()
}

fn add(house: &House, service_id: ServiceId, key_hash: [u8; 32]) -> Result<Integration, Error> {
    house.write(move |tx| {
        let new = Integration {
            id: tx.id(IntegrationId)?,
            service_id,
            name: "Events".into(),
            kind: IntegrationKind::PagerDuty,
            key_hash,
            key_hint: "abcd".into(),
            settings: IntegrationSettings::default(),
            routing: Routing::default(),
            created_at: NOW,
        };
        service::insert_integration(tx, &new)?;
        Ok(new)
    })
}

fn services_and_integrations_are_read_as_written(house: &House) {
    let mut written = new_service(house);
    let mut door = add(house, written.id, [1; 32]).unwrap();
    let directory = house.directory();
    assert_eq!(directory.service(written.id), Some(&written));
    assert_eq!(directory.integration_by_key(&[1; 32]), Some(&door));

    written.settings.auto_resolve = false;
    written.settings.ack_timeout_high = None;
    door.key_hash = [2; 32];
    door.settings = IntegrationSettings::new(r#"{"secret":"s"}"#);
    let (service_row, door_row) = (written.clone(), door.clone());
    house
        .write(move |tx| {
            service::update(tx, &service_row)?;
            service::update_integration(tx, &door_row)
        })
        .unwrap();
    let directory = house.directory();
    assert_eq!(directory.service(written.id), Some(&written));
    assert_eq!(directory.integration_by_key(&[1; 32]), None);
    assert_eq!(directory.integration_by_key(&[2; 32]), Some(&door));

    let id = written.id;
    house.write(move |tx| service::remove(tx, id)).unwrap();
    let directory = house.directory();
    assert!(directory.services.is_empty() && directory.integrations.is_empty());
}

fn a_removed_integration_sets_its_key_free(house: &House) {
    let id = new_service(house).id;
    let first = add(house, id, [1; 32]).unwrap();
    let taken = add(house, id, [1; 32]);
    assert!(matches!(taken, Err(Error::Conflict { .. })), "{taken:?}");
    let gone = first.id;
    let remove = move |tx: &mut store::Tx<'_>| service::remove_integration(tx, gone, NOW);
    house.write(remove).unwrap();
    assert_eq!(house.directory().integration_by_key(&[1; 32]), None);
    assert_eq!(house.write(remove), Err(Error::NotFound));
    let second = add(house, id, [1; 32]).unwrap();
    assert_ne!(first.id, second.id);
    let traffic: Result<_, Error> = house.store.read_blocking(service::traffic);
    assert_eq!(traffic, Ok(vec![]));
}

fn settings_are_read_as_written(house: &House) {
    let settings = Settings {
        last_resort: vec![Target::User(house.person("Ana").id)],
    };
    let write = settings.clone();
    house
        .write(move |tx| setting::put_settings(tx, &write))
        .unwrap();
    assert_eq!(house.directory().settings, settings);
}

fn two_that_make_up_a_secret_end_up_with_one(house: &House) {
    let put = |value: &'static str| {
        house
            .write(move |tx| setting::get_or_put(tx, "secret", value))
            .unwrap()
    };
    assert_eq!([put("one"), put("two")], ["one", "one"]);
}
