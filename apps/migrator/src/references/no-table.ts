import { DatabaseError } from "./contract.ts";

export function noTable(name: string): DatabaseError {
  return new DatabaseError("unreachable", `there is no table ${name} that is looked at`, {
    hint: "`bucketferry doctor` lists the tables; write it as it is listed there.",
  });
}
