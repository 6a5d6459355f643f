/** The frame of all pages of a workspace. */
import { useTranslation } from "react-i18next";
import { Outlet, useNavigation } from "react-router";
import { Keys } from "../palette/Keys";
import { Palette } from "../palette/Palette";
import { useKeys } from "../palette/useKeys";
import { Rail } from "./Rail";
import classes from "./shell.module.css";
import { TopLine } from "./TopLine";
import { useShellStore } from "./store";

export function Shell() {
  const { t } = useTranslation();
  const folded = useShellStore((state) => state.railFolded);
  const navigation = useNavigation();
  useKeys();
  return (
    <div className={classes.shell} data-folded={folded || undefined}>
      <a href="#main" className={classes.skip}>
        {t("common.skipToContent")}
      </a>
      <Rail />
      <TopLine />
      <main id="main" className={classes.main} tabIndex={-1} aria-busy={navigation.state === "loading"}>
        <Outlet />
      </main>
      <Palette />
      <Keys />
    </div>
  );
}
