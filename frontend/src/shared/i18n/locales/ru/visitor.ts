/** The part of the catalogue that visitors of published pages read. */
import common from "./common.json";
import errors from "./errors.json";
import passage from "./passage.json";
import published from "./published.json";
import runs from "./runs.json";

export default { common, errors, passage, published, runs };
