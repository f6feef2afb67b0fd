/** Options that say which place a side is. None of them can hold a secret. */
const IDENTIFYING = ["url", "endpoint", "region", "accountId", "directory", "root", "bucket"] as const;

/**
 * Two sides have equal identities when they are the same place, whatever the credentials and tuning:
 * a ledger written for one must not be read for another.
 */
export function sideIdentity(adapter: string, options: Readonly<Record<string, unknown>>, prefix: string): string {
  const parts = IDENTIFYING.flatMap((name) => {
    const value = options[name];
    return typeof value === "string" ? [`${name}=${withoutUserInfo(value)}`] : [];
  });
  return [adapter, ...parts, ...(prefix === "" ? [] : [`prefix=${prefix}`])].join(" ");
}

function withoutUserInfo(value: string): string {
  if (!URL.canParse(value)) return value;
  const url = new URL(value);
  return `${url.protocol}//${url.host}${url.pathname.replace(/\/$/, "")}`;
}
