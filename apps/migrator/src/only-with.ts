import type { Command } from "commander";

/**
 * Options that do nothing unless one of others is given, each with those: a hook before the action, which refuses what somebody
 * would otherwise believe to have had an effect.
 */
export function onlyWith(needs: Readonly<Record<string, readonly string[]>>): (command: Command) => void {
  return (command) => {
    const given = new Set(
      command.options
        .filter((option) => command.getOptionValueSource(option.attributeName()) === "cli")
        .map(({ long }) => long),
    );
    for (const [option, others] of Object.entries(needs)) {
      if (!given.has(option) || others.some((other) => given.has(other))) continue;
      const missing = others.map((other) => `'${other}'`).join(" or ");
      command.error(`error: option '${option}' does nothing without option ${missing}`);
    }
  };
}
