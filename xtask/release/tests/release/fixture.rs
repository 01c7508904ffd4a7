//! A checkout with two functions, made anew for each test, whose commits are the same on any day.

use std::path::Path;
use std::process::Command;

use fs_err as fs;
use release::application::Publisher;
use release::architecture::Architecture;
use release::bundle::{BinarySource, Bundle, PackageError, PackageOptions, Purpose, package};
use release::checkout::Checkout;
use release::desired::Desired;

const TEMPLATE: &str = r"AWSTemplateFormatVersion: '2010-09-09'
Transform: AWS::Serverless-2016-10-31
Metadata:
  AWS::ServerlessRepo::Application:
    Name: example
    Description: An example
    Author: somebody
    SpdxLicenseId: MIT
    LicenseUrl: ../LICENSE
    ReadmeUrl: ../README.md
    Labels: [two, one]
    HomePageUrl: https://example.com/
    SourceCodeUrl: https://example.com/repository
    SemanticVersion: 0.1.0
Globals:
  Function:
    Runtime: provided.al2023
    Handler: bootstrap
    Architectures: [arm64]
Resources:
  One:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: ../target/lambda/one/
      Timeout: 3
  Two:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: ../target/lambda/two/
";

/// A git checkout in a temporary folder, and compiled functions beside it.
pub(crate) struct Fixture {
    folder: tempfile::TempDir,
}

impl Fixture {
    pub(crate) fn new() -> Self {
        let fixture = Self {
            folder: tempfile::tempdir().unwrap(),
        };
        fixture.write(
            "Cargo.toml",
            "[workspace]\nresolver = \"3\"\nmembers = [\"one\", \"two\"]\n\n[workspace.package]\nversion = \"0.1.0\"\n",
        );
        let mut lock = "version = 4\n".to_owned();
        for name in ["one", "two"] {
            fixture.write(
                &format!("{name}/Cargo.toml"),
                &format!("[package]\nname = \"{name}\"\nversion.workspace = true\nedition = \"2024\"\nlicense = \"MIT\"\n"),
            );
            fixture.write(&format!("{name}/src/main.rs"), "fn main() {}\n");
            lock += "\n[[package]]\nname = \"";
            lock += name;
            lock += "\"\nversion = \"0.1.0\"\n";
            fixture.compile(name, &format!("first {name}"));
        }
        fixture.write("Cargo.lock", &lock);
        fixture.write("README.md", "# Example\n");
        fixture.write("LICENSE", "Do as you like.\n");
        fixture.write("sar/template.yaml", TEMPLATE);
        fixture.write("sar/sharing.toml", "public = true\n");
        fixture.write(".gitignore", "/target\n");
        fixture.git(&["init", "--quiet", "--initial-branch", "main"]);
        fixture.commit();
        fixture
    }

    pub(crate) fn checkout(&self) -> Checkout {
        Checkout::new(self.root())
    }

    pub(crate) fn root(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn write(&self, file: &str, text: &str) {
        let path = self.root().join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    pub(crate) fn read(&self, file: &str) -> String {
        fs::read_to_string(self.root().join(file)).unwrap()
    }

    /// Replaces `from` in `file`, which has to have it.
    pub(crate) fn edit(&self, file: &str, from: &str, to: &str) {
        let text = self.read(file);
        assert!(text.contains(from), "{file} has no {from}");
        self.write(file, &text.replace(from, to));
    }

    /// Gives the checkout another version, everywhere it stands.
    pub(crate) fn set_version(&self, from: &str, to: &str) {
        self.edit("Cargo.toml", from, to);
        self.edit("Cargo.lock", from, to);
        self.edit("sar/template.yaml", from, to);
    }

    /// Commits what is there.
    pub(crate) fn commit(&self) {
        self.git(&["add", "--all"]);
        self.git(&["commit", "--quiet", "--message", "A change"]);
    }

    pub(crate) fn git(&self, arguments: &[&str]) {
        let date = "2026-01-01T00:00:00Z";
        let status = Command::new("git")
            .args([
                "-c",
                "user.name=Somebody",
                "-c",
                "user.email=somebody@example.com",
            ])
            .args(arguments)
            .current_dir(self.root())
            .env("GIT_CONFIG_GLOBAL", "")
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_AUTHOR_DATE", date)
            .env("GIT_COMMITTER_DATE", date)
            .status()
            .unwrap();
        assert!(status.success(), "git {arguments:?}");
    }

    /// Puts a program for the function `name` into `target/`: an ELF header for arm64, and `code`.
    pub(crate) fn compile(&self, name: &str, code: &str) {
        self.write_program(name, 183, code);
    }

    /// The same for the processor with this number in ELF headers.
    pub(crate) fn write_program(&self, name: &str, machine: u8, code: &str) {
        let mut program = vec![0; 64];
        program[..7].copy_from_slice(&[0x7f, b'E', b'L', b'F', 2, 1, 1]);
        program[16] = 3;
        program[18] = machine;
        program[20] = 1;
        program[52] = 64;
        program.extend(code.as_bytes());
        let folder = self.root().join("target/lambda").join(name);
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("bootstrap"), program).unwrap();
    }

    pub(crate) fn try_package(&self, folder: &str) -> Result<Bundle, PackageError> {
        package(&PackageOptions {
            purpose: Purpose::Release,
            checkout: self.checkout(),
            output: self.root().join("target").join(folder),
            architecture: Architecture::Arm64,
            binaries: BinarySource::Folder(self.root().join("target/lambda")),
        })
    }

    pub(crate) fn package(&self) -> Bundle {
        self.try_package("bundle").unwrap()
    }

    /// What publishing `bundle` should bring about.
    pub(crate) fn desired(&self, bundle: &Bundle) -> Desired {
        let caller = "arn:aws:iam::123456789012:user/publisher";
        let publisher = Publisher::from_caller_arn(caller, "eu-west-1").unwrap();
        let bucket = publisher.default_bucket();
        let sharing = self.checkout().sharing().unwrap();
        Desired::new(bundle, publisher, bucket, sharing).unwrap()
    }
}
