/** Tokens with which scripts act as this person in this workspace. */
import { useTranslation } from "react-i18next";
import { SecretList } from "./SecretList";

export function Tokens() {
  const { t } = useTranslation();
  return <SecretList path="/tokens" title={t("settings.sections.tokens")} text={t("settings.tokensText")} createLabel={t("settings.newToken")} createdLabel={t("settings.tokenCreated")} mayCreate />;
}
