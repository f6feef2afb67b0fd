export const REQUEST_BUDGETS: Readonly<Record<string, number>> = {};
