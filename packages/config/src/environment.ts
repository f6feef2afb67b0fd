import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parseEnv } from "node:util";

export type Environment = Readonly<Record<string, string | undefined>>;

/** The process's environment over a `.env` file beside the configuration, where there is one. */
export function environmentBeside(directory: string, processEnvironment: Environment): Environment {
  let text: string;
  try {
    text = readFileSync(join(directory, ".env"), "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return processEnvironment;
    throw error;
  }
  return { ...parseEnv(text), ...processEnvironment };
}
