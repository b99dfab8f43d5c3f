//! Lists the view files, so that adding a view is adding a file.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

fn main() -> io::Result<()> {
    let root = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").ok_or(io::ErrorKind::NotFound)?).join("views");
    let target = PathBuf::from(env::var_os("OUT_DIR").ok_or(io::ErrorKind::NotFound)?).join("views.rs");
    let mut list = String::from("[\n");
    for layer in ["step", "mart"] {
        println!("cargo::rerun-if-changed=views/{layer}");
        for path in sql_files(&root.join(layer))? {
            let stem = path.file_stem().unwrap_or_default().to_string_lossy();
            // Two checkouts may share what is compiled, so the place of this one is looked up when it is used.
            let text = format!("include_str!(concat!(env!(\"CARGO_MANIFEST_DIR\"), \"/views/{layer}/{stem}.sql\"))");
            writeln!(list, "({layer:?}, {stem:?}, {text}),").map_err(io::Error::other)?;
        }
    }
    list.push(']');
    fs::write(target, list)
}

fn sql_files(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut files: Vec<PathBuf> = fs::read_dir(folder)?.map(|e| Ok(e?.path())).collect::<io::Result<_>>()?;
    files.retain(|path| path.extension().is_some_and(|extension| extension == "sql"));
    files.sort();
    Ok(files)
}
