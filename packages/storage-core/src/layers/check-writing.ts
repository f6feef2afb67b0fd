import type { CheckFinding, StorageProvider } from "../contract/provider.ts";
import { isStorageError } from "../errors/storage-error.ts";

/** Writes, reads back and deletes one scratch object under a prefix. What goes wrong is a finding; an abort is thrown. */
export async function checkWriting(
  provider: StorageProvider,
  prefix: string,
  signal: AbortSignal | undefined,
): Promise<readonly CheckFinding[]> {
  const key = `${prefix}bucketferry-check-${crypto.randomUUID()}`;
  const content = `written ${new Date().toISOString()}`;
  const findings: CheckFinding[] = [];
  const attempt = async (id: string, can: string, run: () => Promise<unknown>): Promise<boolean> => {
    try {
      await run();
      findings.push({ id, level: "ok", message: `${can} under ${JSON.stringify(prefix)}.` });
      return true;
    } catch (error) {
      if (!isStorageError(error) || error.code === "Aborted") throw error;
      const { message, hint } = error;
      const fix =
        hint ?? `Let these credentials ${id} objects under ${JSON.stringify(prefix)}, or look at the message.`;
      findings.push({ id, level: "error", message, fix });
      return false;
    }
  };
  if (!(await attempt("write", "Objects can be written", () => provider.put(key, content, { signal }))))
    return findings;
  await attempt("read", "Objects can be read", async () => (await provider.get(key, { signal })).bytes());
  await attempt("delete", "Objects can be deleted", () => provider.delete(key, { signal }));
  return findings;
}
