mod feed;
mod import;
mod properties;
