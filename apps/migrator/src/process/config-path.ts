import { existsSync } from "node:fs";
import { isAbsolute, resolve } from "node:path";
import { CommandError } from "../command-error.ts";
import { EXIT } from "../exit-codes.ts";

const DEFAULT_CONFIG_FILES = ["bucketferry.config.ts", "bucketferry.config.js", "bucketferry.config.json"] as const;

export interface Surroundings {
  readonly cwd: string;
  /** `INIT_CWD`: where the user stood when a package manager ran us, which is not where it runs us. */
  readonly initialCwd: string | undefined;
  readonly exists: (path: string) => boolean;
}

/**
 * Which configuration file is meant: the one that `--config` names, else the first default that is there.
 * @throws CommandError when there is none
 */
export function configPath(option: string | undefined, { cwd, initialCwd, exists }: Surroundings): string {
  if (option !== undefined) return isAbsolute(option) ? option : resolve(initialCwd ?? cwd, option);
  const places = initialCwd === undefined || initialCwd === cwd ? [cwd] : [initialCwd, cwd];
  for (const place of places) {
    for (const name of DEFAULT_CONFIG_FILES) {
      const path = resolve(place, name);
      if (exists(path)) return path;
    }
  }
  throw new CommandError(
    EXIT.usage,
    "NoConfiguration",
    `There is no configuration: none of ${DEFAULT_CONFIG_FILES.join(", ")} in ${places.join(" or ")}.`,
    { hint: "Name it with --config FILE." },
  );
}

export function surroundings(): Surroundings {
  return { cwd: process.cwd(), initialCwd: process.env["INIT_CWD"], exists: existsSync };
}
