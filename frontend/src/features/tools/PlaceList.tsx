/** A list of hosts and networks: add with Enter, take out with a click. */
import { ActionIcon, Button, Group, Stack, Text, TextInput, Title } from "@mantine/core";
import { IconPlus, IconTrash } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";

interface PlaceListProps {
  title: string;
  text: string;
  empty: string;
  places: string[];
  /** By index: what the server says of a place. */
  errors: Record<string, string>;
  onChange: (places: string[]) => void;
}

export function PlaceList({ title, text, empty, places, errors, onChange }: PlaceListProps) {
  const { t } = useTranslation();
  const [typed, setTyped] = useState("");
  const add = () => {
    const wanted = typed.split(/[\s,]+/).filter((place) => place && !places.includes(place));
    if (wanted.length > 0) onChange([...places, ...wanted]);
    setTyped("");
  };
  return (
    <Stack gap="xs" component="section" aria-label={title}>
      <div>
        <Title order={2}>{title}</Title>
        <Text size="sm" c="dimmed">
          {text}
        </Text>
      </div>
      {places.length === 0 && <Text size="sm">{empty}</Text>}
      <Stack component="ul" gap={0} m={0} p={0} style={{ listStyle: "none" }}>
        {places.map((place, index) => (
          <Group key={place} component="li" justify="space-between" wrap="nowrap" py={4} style={{ borderBottom: "1px solid var(--hairline)" }}>
            <div style={{ minWidth: 0 }}>
              <Text className="mono" style={{ overflowWrap: "anywhere" }}>
                {place}
              </Text>
              {errors[index] && (
                <Text size="xs" c="var(--danger-text)" role="alert">
                  {errors[index]}
                </Text>
              )}
            </div>
            <ActionIcon variant="subtle" color="gray" aria-label={t("tools.network.remove", { place })} onClick={() => onChange(places.filter((each) => each !== place))}>
              <IconTrash size={16} />
            </ActionIcon>
          </Group>
        ))}
      </Stack>
      <Group
        gap="xs"
        component="form"
        onSubmit={(event) => {
          event.preventDefault();
          add();
        }}
      >
        <TextInput flex={1} miw={200} aria-label={t("tools.network.addTo", { list: title })} placeholder="api.example.org:8888" value={typed} onChange={(event) => setTyped(event.currentTarget.value)} classNames={{ input: "mono" }} />
        <Button type="submit" variant="default" leftSection={<IconPlus size={16} />} disabled={typed.trim() === ""}>
          {t("tools.network.add")}
        </Button>
      </Group>
    </Stack>
  );
}
