/** The page that decides: left what the app is made of, right what it answers. */
import { SegmentedControl } from "@mantine/core";
import { useMediaQuery } from "@mantine/hooks";
import { useTranslation } from "react-i18next";
import { useParams, useSearchParams } from "react-router";
import { useApp } from "@/shared/api/queries";
import classes from "./build.module.css";
import { ChatPreview } from "./preview/ChatPreview";
import { CompletionPreview } from "./preview/CompletionPreview";
import { Sections } from "./Sections";

export function BuildPage() {
  const { t } = useTranslation();
  const { appId = "" } = useParams();
  const app = useApp(appId);
  const narrow = useMediaQuery("(max-width: 900px)");
  const [search, setSearch] = useSearchParams();
  const pane = search.get("pane") === "preview" ? "preview" : "configure";
  if (!app.data) return null;
  const choose = (value: string) =>
    setSearch(
      (params) => {
        params.set("pane", value);
        return params;
      },
      { replace: true },
    );
  return (
    <div className={classes.build}>
      {narrow && (
        <SegmentedControl
          className={classes.panes}
          fullWidth
          value={pane}
          onChange={choose}
          aria-label={t("build.panes")}
          data={[
            { value: "configure", label: t("build.configure") },
            { value: "preview", label: t("build.preview") },
          ]}
        />
      )}
      {(!narrow || pane === "configure") && (
        <div className={classes.configure}>
          <Sections app={app.data} />
        </div>
      )}
      {(!narrow || pane === "preview") && (
        <section className={classes.preview} aria-label={t("build.preview")}>
          {app.data.mode === "completion" ? <CompletionPreview app={app.data} /> : <ChatPreview app={app.data} />}
        </section>
      )}
    </div>
  );
}
