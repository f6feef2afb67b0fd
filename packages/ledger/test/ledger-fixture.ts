import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { emptyFacts, openLedger, type Ledger, type ObjectChange, type OpenLedgerOptions } from "@bucketferry/ledger";

export const ROUTE = {
  name: "audio",
  sourceIdentity: "supabase https://ref.supabase.co lecture-audio",
  targetIdentity: "s3 us-east-1 classroom audio/",
};

export function temporaryFolder(): { readonly path: string; readonly remove: () => void } {
  const path = mkdtempSync(join(tmpdir(), "bucketferry-ledger-"));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

export function openTestLedger(path: string, options: Partial<OpenLedgerOptions> = {}): Promise<Ledger> {
  return openLedger({ path, routes: [ROUTE], mode: "write", command: "test", version: "0.0.0", ...options });
}

export function planned(key: string, size = 10): ObjectChange {
  return {
    ...emptyFacts(),
    route: ROUTE.name,
    key,
    from: undefined,
    state: "planned",
    reason: "missing",
    size,
    targetKey: key,
  };
}

export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}
