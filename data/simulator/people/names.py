"""Words that people, firms and streets are made of; nobody real is meant."""

# word lists are read and mended as text, one word after the other
# ruff: noqa: SIM905
from __future__ import annotations

FEMALE = tuple(
    "Anna Lea Marie Sophie Laura Julia Sarah Lisa Katharina Johanna Emma Hannah Mia Clara Helga "
    "Ursula Monika Renate Sabine Petra Andrea Claudia Susanne Nicole Stefanie Birgit Ingrid "
    "Fatma Ayşe Elif Olga Natalia Agnieszka Elena Ewa Mariam Leyla Charlotte Greta Frieda".split()
)
MALE = tuple(
    "Jonas Lukas Leon Paul Felix Maximilian Tim Jan Niklas Finn Peter Michael Thomas Andreas "
    "Wolfgang Klaus Jürgen Dieter Manfred Uwe Stefan Christian Markus Matthias Sebastian Tobias "
    "Mehmet Mustafa Emre Piotr Tomasz Dimitri Ivan Ahmed Karim Björn Sören Karl-Heinz Georg".split()
)
LAST = tuple(
    "Müller Schmidt Schneider Fischer Weber Meyer Wagner Becker Schulz Hoffmann Schäfer Koch "
    "Bauer Richter Klein Wolf Schröder Neumann Schwarz Zimmermann Braun Krüger Hofmann Hartmann "
    "Lange Schmitt Werner Krause Meier Lehmann Schmid Schulze Maier Köhler Herrmann König Walter "
    "Mayer Huber Kaiser Fuchs Peters Lang Scholz Möller Weiß Jung Hahn Schubert Vogel Friedrich "
    "Keller Günther Frank Berger Winkler Roth Beck Lorenz Baumann Franke Albrecht Schuster Simon "
    "Ludwig Böhm Winter Kraus Martin Schumacher Krämer Vogt Stein Jäger Otto Sommer Groß Seidel "
    "Heinrich Brandt Haas Schreiber Graf Schulte Dietrich Ziegler Kuhn Kühn Pohl Engel Horn Busch "
    "Bergmann Thomas Voigt Sauer Arnold Wolff Pfeiffer Yılmaz Kaya Demir Öztürk Nowak Kowalski "  # noqa: RUF001  a Turkish letter
    "Wiśniewski Petrov Ivanova Nguyen Hansen Petersen Jansen Carter Rossi Novak Haddad".split()
)
STREETS = tuple(
    "Hauptstraße Bahnhofstraße Gartenstraße Schulstraße Dorfstraße Bergstraße Birkenweg "
    "Lindenstraße Kirchstraße Waldstraße Ringstraße Wiesenweg Amselweg Rosenweg Mühlenweg "
    "Schillerstraße Goethestraße Feldstraße Jahnstraße Poststraße Marktplatz Am_Hang Am_Anger "
    "Industriestraße Hafenstraße Eichenweg Ahornallee Kastanienallee Blumenstraße".split()
)
FIRM_STEMS = tuple(
    "Nordlicht Küstenwerft Alpenblick Rheinufer Hanse Ostwind Sonnenfeld Steinbach Waldhof "
    "Eichental Lindner Brückner Seewald Bergland Heidekraut Moorland Talblick Burghof Silberbach "
    "Rotmilan Wattwurm Leuchtfeuer Kompass Anker Falken Kranich Ginster Schwanen Birkental".split()
)
FIRM_TRADES = tuple(
    "Maschinenbau Logistik Bäckerei Elektrotechnik Pflegedienst Autohaus Steuerberatung Bau "
    "Software Holzhandel Gebäudereinigung Apotheke Spedition Druckerei Metallbau Hotel Gartenbau "
    "Zahntechnik Immobilien Medien Anlagenbau Lebensmittel Textil Werbung Sanitär".split()
)
FIRM_FORMS = ("GmbH", "GmbH & Co. KG", "AG", "e. K.", "UG (haftungsbeschränkt)", "KG")
DEPARTMENTS = ("Vertrieb", "Einkauf", "Werkstatt", "Verwaltung", "Kundendienst", "Lager", "IT")
