//! Composes the install script and the functions of an upgrade script from sql/, as sql/ORDER says, and
//! compiles the crate of src/server/memory/hook.rs.
//!
//! cargo runs it before each build; scripts/build also runs it alone, when only SQL has changed.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, exit};

const OUTPUT: &str = ".generated";
const HOOK: &str = "src/server/memory/hook.rs";
/// Folders of sql/ that hold no domain.
const OTHERS: [&str; 2] = [OUTPUT, "upgrade"];

fn main() {
    println!("cargo:rerun-if-changed=sql");
    println!("cargo:rerun-if-changed=build.rs");
    let root = std::env::var("CARGO_MANIFEST_DIR").unwrap_or_else(|_| ".".to_owned());
    let sql = Path::new(&root).join("sql");
    if let Err(fault) = compose(&sql) {
        eprintln!("sql/ORDER: {fault}");
        exit(1);
    }
    if let Ok(output) = std::env::var("OUT_DIR") {
        let source = Path::new(&root).join(HOOK);
        if let Err(fault) = compile(&source, Path::new(&output)) {
            eprintln!("{HOOK}: {fault}");
            exit(1);
        }
    }
}

/// Apart from the rest, for the one feature of the pinned toolchain that is not stable: RUSTC_BOOTSTRAP for all
/// would let every dependency use any, and compile all of them anew.
fn compile(source: &Path, output: &Path) -> Result<(), String> {
    println!("cargo:rerun-if-changed={}", source.display());
    println!("cargo:rustc-link-search=crate={}", output.display());
    let variable = |name| std::env::var(name).map_err(|_| format!("cargo has not set {name}"));
    let (rustc, target) = (variable("RUSTC")?, variable("TARGET")?);
    let done = Command::new(rustc)
        .args(["--edition=2024", "--crate-type=rlib", "-Copt-level=3", "-Cpanic=unwind", "--target", &target])
        .arg("--out-dir")
        .arg(output)
        .arg(source)
        .env("RUSTC_BOOTSTRAP", "1")
        .status();
    match done {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("rustc: {status}")),
        Err(fault) => Err(format!("rustc: {fault}")),
    }
}

fn compose(sql: &Path) -> Result<(), String> {
    let domains = order(&read(&sql.join("ORDER"))?)?;
    let once = |name: &str| -> Vec<String> {
        domains.iter().map(|(d, _)| format!("{d}/{name}.sql")).filter(|f| sql.join(f).exists()).collect()
    };
    let functions: Vec<String> =
        domains.iter().flat_map(|(d, files)| files.iter().map(move |f| format!("{d}/{f}.sql"))).collect();
    let mut install = vec!["base.sql".to_owned(), "leakproof.sql".to_owned()];
    install.extend(once("tables"));
    install.extend(functions.iter().cloned());
    install.extend(once("seed"));
    install.push("security.sql".to_owned());
    for found in files_below(sql)? {
        if !install.contains(&found) {
            return Err(format!("{found} is not listed"));
        }
    }
    let mut upgrade = functions;
    upgrade.push("security.sql".to_owned());
    write(sql, "install.sql", &install)?;
    write(sql, "functions.sql", &upgrade)
}

/// The domains with their files of functions, in order.
fn order(text: &str) -> Result<Vec<(String, Vec<String>)>, String> {
    let mut domains = Vec::new();
    let mut seen = BTreeSet::new();
    for line in
        text.lines().map(|line| line.split('#').next().unwrap_or_default().trim()).filter(|l| !l.is_empty())
    {
        let (domain, files) = line.split_once(':').ok_or_else(|| format!("no colon in \"{line}\""))?;
        let files: Vec<String> = files.split_whitespace().map(str::to_owned).collect();
        for name in files.iter().map(|file| format!("{domain}/{file}")).chain([domain.to_owned()]) {
            if !seen.insert(name.clone()) {
                return Err(format!("{name} is listed twice"));
            }
        }
        domains.push((domain.to_owned(), files));
    }
    Ok(domains)
}

/// Every SQL file, by its path below sql/.
fn files_below(sql: &Path) -> Result<Vec<String>, String> {
    let mut found = Vec::new();
    for path in entries(sql)? {
        let name = name(&path);
        if path.is_dir() && !OTHERS.contains(&name.as_str()) {
            found.extend(entries(&path)?.iter().map(|file| format!("{name}/{}", self::name(file))));
        } else if name.ends_with(".sql") {
            found.push(name);
        }
    }
    Ok(found)
}

fn entries(folder: &Path) -> Result<Vec<PathBuf>, String> {
    let entries = fs::read_dir(folder).map_err(|fault| format!("{}: {fault}", folder.display()))?;
    Ok(entries.flatten().map(|entry| entry.path()).collect())
}

fn name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

fn read(path: &Path) -> Result<String, String> {
    fs::read_to_string(path).map_err(|fault| format!("{}: {fault}", path.display()))
}

/// Written only when it changes: cargo compiles anew what includes it by its date.
fn write(sql: &Path, output: &str, files: &[String]) -> Result<(), String> {
    let mut text = String::new();
    for file in files {
        text += &format!("-- file: {file}\n{}\n", read(&sql.join(file))?);
    }
    let path = sql.join(OUTPUT).join(output);
    if read(&path).is_ok_and(|old| old == text) {
        return Ok(());
    }
    fs::create_dir_all(sql.join(OUTPUT))
        .and_then(|()| fs::write(&path, text))
        .map_err(|fault| format!("{}: {fault}", path.display()))
}
