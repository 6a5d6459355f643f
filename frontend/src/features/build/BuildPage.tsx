/** The page that decides: left what the app is made of, right what it answers. */
import { SegmentedControl } from "@mantine/core";
import { useMediaQuery } from "@mantine/hooks";
import { useTranslation } from "react-i18next";
import { useLocation, useNavigate, useParams, useSearchParams } from "react-router";
import { useApp } from "@/shared/api/queries";
import { useMay } from "@/shared/api/workspace";
import { AskRole } from "@/shared/ui/AskRole";
import classes from "./build.module.css";
import { firstColumns } from "./compare/columns";
import { ComparePreview } from "./compare/ComparePreview";
import { CompareSwitch } from "./compare/CompareSwitch";
import { useColumns } from "./compare/useColumns";
import { ChatPreview } from "./preview/ChatPreview";
import { CompletionPreview } from "./preview/CompletionPreview";
import { Sections } from "./Sections";

export function BuildPage() {
  const { t } = useTranslation();
  const { appId = "" } = useParams();
  const app = useApp(appId);
  const may = useMay();
  const narrow = useMediaQuery("(max-width: 900px)");
  const [search] = useSearchParams();
  const navigate = useNavigate();
  const { hash } = useLocation();
  const { columns, change, open, close } = useColumns();
  const pane = search.get("pane") === "preview" ? "preview" : "configure";
  if (!app.data) return null;
  const choose = (value: string) => {
    const params = new URLSearchParams(search);
    params.set("pane", value);
    void navigate({ search: params.toString(), hash }, { replace: true });
  };
  const Preview = app.data.mode === "completion" ? CompletionPreview : ChatPreview;
  const toggle = (on: boolean) => (on ? open(firstColumns(app.data.published_version)) : close());
  const compare = <CompareSwitch on={columns !== null} onChange={toggle} />;
  return (
    <div className={classes.build} data-comparing={columns?.length}>
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
          {!may.edit && <AskRole role="editor" what={t("build.readOnly")} />}
          <Sections app={app.data} />
        </div>
      )}
      {(!narrow || pane === "preview") && (
        <section className={classes.preview} aria-label={t("build.preview")}>
          {columns ? <ComparePreview app={app.data} columns={columns} change={change} compare={compare} /> : <Preview app={app.data} compare={compare} />}
        </section>
      )}
    </div>
  );
}
