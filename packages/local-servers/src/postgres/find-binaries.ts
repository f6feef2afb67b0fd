import { accessSync, constants, existsSync, readdirSync } from "node:fs";
import { delimiter, join } from "node:path";

/** Where packages of distributions and Homebrew put the programs that they leave out of PATH: one folder a version. */
const VERSIONED = [
  { folder: "/usr/lib/postgresql", version: /^(\d+)$/ },
  { folder: "/opt/homebrew/opt", version: /^postgresql@(\d+)$/ },
  { folder: "/usr/local/opt", version: /^postgresql@(\d+)$/ },
  { folder: "/usr", version: /^pgsql-(\d+)$/ },
];

/** The folder of `initdb` and `postgres`: the one in PATH, else the newest installed; undefined when there is none. */
export function findPostgresBinaries(path = process.env["PATH"] ?? ""): string | undefined {
  return [...path.split(delimiter), ...versionedFolders()].find(
    (folder) => folder !== "" && isExecutable(join(folder, "initdb")) && isExecutable(join(folder, "postgres")),
  );
}

function versionedFolders(): readonly string[] {
  return VERSIONED.flatMap(({ folder, version }) => {
    if (!existsSync(folder)) return [];
    return readdirSync(folder)
      .flatMap((name) => {
        const number = version.exec(name)?.[1];
        return number === undefined ? [] : [{ number: Number(number), path: join(folder, name, "bin") }];
      })
      .toSorted((a, b) => b.number - a.number)
      .map((found) => found.path);
  });
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
