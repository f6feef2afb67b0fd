import { CommandError } from "../command-error.ts";
import { EXIT } from "../exit-codes.ts";

/** A value of the command line that cannot be what was meant. `problem` goes on after the value, and ends with the fix. */
export function wrongFlag(flag: string, value: string, problem: string): CommandError {
  return new CommandError(EXIT.usage, "Usage", `${flag} ${JSON.stringify(value)} ${problem}`);
}
