/** The catalogue of one language, one file per area. */
import apps from "./apps.json";
import build from "./build.json";
import common from "./common.json";
import errors from "./errors.json";
import home from "./home.json";
import knowledge from "./knowledge.json";
import models from "./models.json";
import runs from "./runs.json";
import session from "./session.json";
import settings from "./settings.json";

export default { apps, build, common, errors, home, knowledge, models, runs, session, settings };
