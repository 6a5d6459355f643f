/** Keys that open the dataset routes of the service API. */
import { useTranslation } from "react-i18next";
import { useMay } from "@/shared/api/workspace";
import { SecretList } from "./SecretList";

export function DatasetKeys() {
  const { t } = useTranslation();
  const may = useMay();
  return <SecretList path="/dataset-keys" title={t("settings.sections.dataset-keys")} text={t("settings.datasetKeysText")} createLabel={t("settings.newDatasetKey")} createdLabel={t("settings.datasetKeyCreated")} mayCreate={may.edit} />;
}
