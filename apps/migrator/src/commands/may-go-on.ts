import type { CommandEnvironment } from "../session.ts";

/** Asks before a step that changes something. Where nobody can answer, only `--yes` is a yes. */
export async function mayGoOn(question: string, environment: CommandEnvironment, yes: boolean): Promise<boolean> {
  if (yes) return true;
  return (await environment.reporter.confirm(question, environment.interrupt.drain)) ?? false;
}
