import type { DatabaseDescription, DescribedTable } from "./contract.ts";
import type { Dialect } from "./database/dialect.ts";
import type { Catalogue } from "./database/table.ts";

export async function describeDatabase(dialect: Dialect, catalogue: Catalogue): Promise<DatabaseDescription> {
  const tables: DescribedTable[] = catalogue.tables.map(({ label, columns, estimatedRows }) => ({
    table: label,
    estimatedRows,
    columns: columns.map((column) => column.name),
  }));
  const leftOut = catalogue.skipped
    .filter((skipped) => skipped.column === undefined)
    .map(({ label, reason }): DescribedTable => ({ table: label, columns: [], skipped: reason }));
  return {
    engine: await dialect.engine(),
    tables: [...tables, ...leftOut],
    findings: await dialect.findings(catalogue),
  };
}
