/** The catalogue's key of an operator; signs and words with spaces are no keys. */
const KEYS = {
  is: "is",
  "is not": "isNot",
  contains: "contains",
  "not contains": "notContains",
  "starts with": "startsWith",
  "ends with": "endsWith",
  in: "in",
  "not in": "notIn",
  empty: "empty",
  "not empty": "notEmpty",
  "=": "equal",
  "≠": "unequal",
  ">": "greater",
  "<": "less",
  "≥": "atLeast",
  "≤": "atMost",
  before: "before",
  after: "after",
} as const;

export function operatorKey(operator: string) {
  return `knowledge.operators.${KEYS[operator as keyof typeof KEYS] ?? KEYS.is}` as const;
}
