import type { Kysely } from "kysely";
import type { ServiceTables } from "../database/tables.ts";

/** A request that came with an `Idempotency-Key`. */
export interface IdempotentRequest {
  /**
   * Stores the answer in the transaction that makes it true: a request that is sent again after a crash finds both, or
   * neither.
   */
  remember(transaction: Kysely<ServiceTables>, answer: RememberedAnswer): Promise<void>;
}

export interface RememberedAnswer {
  readonly status: number;
  readonly body: unknown;
  readonly headers?: Readonly<Record<string, string>> | undefined;
}
