import type { KeyRules } from "@bucketferry/storage-core/provider";

/** The groups of these keys that a target with these rules takes for one key each; of at least two. Pure. */
export function takenForOne(
  keys: readonly string[],
  { caseSensitive, unicodeForms }: Pick<KeyRules, "caseSensitive" | "unicodeForms">,
): readonly (readonly string[])[] {
  const groups = Map.groupBy(keys, (key) => {
    const form = unicodeForms === "distinct" ? key : key.normalize("NFC");
    return caseSensitive ? form : form.toLowerCase();
  });
  return [...groups.values()].filter((group) => group.length > 1);
}
