/** The frame of a page: at the side its name and what was asked before, on a narrow screen behind a button. */
import { ActionIcon, Button, Drawer, Group, Text, Tooltip, useMantineColorScheme } from "@mantine/core";
import { IconEdit, IconMenu2, IconMoon, IconPlus, IconSun, IconX } from "@tabler/icons-react";
import { useState, type ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { SiteIcon } from "@/shared/site/SiteIcon";
import { LanguageMenu } from "@/shared/ui/LanguageMenu";
import classes from "./published.module.css";
import { useVisit } from "./SiteContext";

interface FrameProps {
  side: (done: () => void) => ReactNode;
  sideTitle: string;
  newLabel: string;
  onNew: () => void;
  children: ReactNode;
}

export function Frame(props: FrameProps) {
  const { embedded } = useVisit();
  return embedded ? <Compact {...props} /> : <Whole {...props} />;
}

function Whole({ side, sideTitle, newLabel, onNew, children }: FrameProps) {
  const { t } = useTranslation();
  const { offer } = useVisit();
  const [opened, setOpened] = useState(false);
  const start = () => {
    onNew();
    setOpened(false);
  };
  const inside = (
    <>
      <Group gap="sm" wrap="nowrap" className={classes.brand}>
        <SiteIcon look={offer} />
        <div className={classes.brandWords}>
          <Text component="h1" fw={600} size="lg" lineClamp={2} m={0}>
            {offer.name}
          </Text>
          {offer.description && (
            <Text size="xs" c="dimmed" lineClamp={2}>
              {offer.description}
            </Text>
          )}
        </div>
      </Group>
      <Button fullWidth variant="default" leftSection={<IconPlus size={16} />} justify="flex-start" onClick={start}>
        {newLabel}
      </Button>
      <nav className={classes.list} aria-label={sideTitle}>
        <Text size="xs" c="dimmed" fw={500} px={10} mb={4}>
          {sideTitle}
        </Text>
        {side(() => setOpened(false))}
      </nav>
      <Foot />
    </>
  );
  return (
    <div className={classes.frame}>
      <aside className={classes.side}>{inside}</aside>
      <header className={classes.top}>
        <Tooltip label={t("published.menu")}>
          <ActionIcon variant="subtle" size={40} onClick={() => setOpened(true)} aria-label={t("published.menu")} aria-expanded={opened}>
            <IconMenu2 size={20} />
          </ActionIcon>
        </Tooltip>
        <SiteIcon look={offer} size={28} />
        <Text fw={600} truncate flex={1} miw={0}>
          {offer.name}
        </Text>
        <Tooltip label={newLabel}>
          <ActionIcon variant="subtle" size={40} onClick={start} aria-label={newLabel}>
            <IconEdit size={20} />
          </ActionIcon>
        </Tooltip>
      </header>
      <Drawer opened={opened} onClose={() => setOpened(false)} position="left" size={300} withCloseButton={false} padding={0} classNames={{ body: classes.drawer }} attributes={{ content: { "aria-label": t("published.menu") } }}>
        {inside}
      </Drawer>
      <main className={classes.main}>{children}</main>
    </div>
  );
}

function Foot() {
  const { t } = useTranslation();
  const { offer } = useVisit();
  const { toggleColorScheme } = useMantineColorScheme();
  return (
    <footer className={classes.foot}>
      <Group gap={4} justify="space-between" wrap="nowrap">
        <LanguageMenu />
        <Tooltip label={t("published.theme")}>
          <ActionIcon variant="subtle" size={30} onClick={toggleColorScheme} aria-label={t("published.theme")}>
            <IconSun size={16} className={classes.onDark} />
            <IconMoon size={16} className={classes.onLight} />
          </ActionIcon>
        </Tooltip>
      </Group>
      {(offer.footer || offer.privacy_url) && (
        <Text size="xs" c="dimmed" px={10} style={{ overflowWrap: "anywhere" }}>
          {offer.footer}
          {offer.footer && offer.privacy_url && " · "}
          {offer.privacy_url && (
            <a href={offer.privacy_url} target="_blank" rel="noopener noreferrer" className={classes.quietLink}>
              {t("published.privacy")}
            </a>
          )}
        </Text>
      )}
    </footer>
  );
}

/** In a frame of another page: one line at the top, no side. */
function Compact({ newLabel, onNew, children }: FrameProps) {
  const { t } = useTranslation();
  const { offer } = useVisit();
  const bubble = new URLSearchParams(window.location.search).has("bubble");
  return (
    <div className={classes.compact}>
      <header className={classes.compactTop}>
        <SiteIcon look={offer} size={28} />
        <Text component="h1" fw={600} truncate flex={1} miw={0} m={0} size="md">
          {offer.name}
        </Text>
        <Tooltip label={newLabel}>
          <ActionIcon variant="subtle" size={36} onClick={onNew} aria-label={newLabel}>
            <IconEdit size={18} />
          </ActionIcon>
        </Tooltip>
        {bubble && (
          // The message says only that this frame may be folded away: any page may hear it.
          <ActionIcon variant="subtle" size={36} onClick={() => window.parent.postMessage("atelier:close", "*")} aria-label={t("published.close")}>
            <IconX size={18} />
          </ActionIcon>
        )}
      </header>
      <main className={classes.main}>{children}</main>
    </div>
  );
}
