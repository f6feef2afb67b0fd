import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";

/** Where packages put it, and PATH need not lead to: servers of Debian, Homebrew on both kinds of Macs. */
const FOLDERS = ["/usr/sbin", "/opt/homebrew/bin", "/usr/local/bin"];

/** Undefined when PgBouncer is not installed. */
export function findPgBouncer(path = process.env["PATH"] ?? ""): string | undefined {
  return [...path.split(delimiter), ...FOLDERS]
    .filter((folder) => folder !== "")
    .map((folder) => join(folder, "pgbouncer"))
    .find((program) => {
      try {
        accessSync(program, constants.X_OK);
        return true;
      } catch {
        return false;
      }
    });
}
