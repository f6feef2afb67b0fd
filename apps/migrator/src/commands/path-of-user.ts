import { resolve } from "node:path";

/** A path from the command line, from where the user stands: pnpm runs scripts in the package's folder, and says where it was called. */
export function pathOfUser(path: string): string {
  return resolve(process.env["INIT_CWD"] ?? process.cwd(), path);
}
