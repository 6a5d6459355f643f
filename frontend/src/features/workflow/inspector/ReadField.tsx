/** A field that names what is read; which types fit follows from the key. */
import { kindOf } from "../graph/model";
import type { FieldProps } from "./field";
import { VariableSelect } from "./VariableSelect";

const LISTS = ["array[string]", "array[number]", "array[boolean]", "array[object]", "array[file]", "array[any]"];

const TYPES: Readonly<Record<string, readonly string[] | undefined>> = {
  query_variable_selector: ["string"],
  query: ["string"],
  query_attachment_selector: ["array[file]", "file"],
  iterator_selector: LISTS,
  variable: LISTS,
};

export function ReadField({ node, name, label, value, onChange }: FieldProps) {
  const types = kindOf(node) === "document-extractor" ? ["file", "array[file]"] : TYPES[name];
  return <VariableSelect nodeId={node.id} label={label} value={value} types={types} from={name === "output_selector" ? "inside" : "upstream"} onChange={onChange} />;
}
