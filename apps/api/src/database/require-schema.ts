import { StartError } from "../start-error.ts";
import { migrationStatus, type ServiceDatabase } from "./open-database.ts";

/** @throws StartError for a database that lacks steps, where only the command `migrate` may make them */
export async function requireSchema(db: ServiceDatabase): Promise<void> {
  const { pending } = await migrationStatus(db);
  if (pending.length === 0) return;
  throw new StartError(`DATABASE_URL: the schema lacks ${pending.join(", ")}. Run the command \`migrate\` first.`);
}
